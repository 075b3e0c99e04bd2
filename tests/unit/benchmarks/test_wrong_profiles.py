from __future__ import annotations

import numpy as np
import pytest

from benchmarks.prognosis.machines import MACHINES, wrong_profile
from GAN.profiles.catalogue import fleet_profile


@pytest.mark.parametrize("machine_id", MACHINES)
def test_a_wrong_profile_is_valid_and_has_other_figures(machine_id: str) -> None:
    right = fleet_profile(machine_id)
    wrong = wrong_profile(right, 0.3, np.random.default_rng(1))

    assert wrong.drivers is not None
    assert right.drivers is not None
    assert len(wrong.drivers.couplings) == len(right.drivers.couplings)
    assert wrong.drivers.couplings != right.drivers.couplings
