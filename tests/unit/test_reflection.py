from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GAN.reflection import reflect


@given(st.floats(-1e6, 1e6))
def test_reflected_values_are_within_the_limits_and_inner_ones_unchanged(value: float) -> None:
    reflected = reflect(np.array([value]), -2.0, 5.0)[0]
    assert -2.0 <= reflected <= 5.0
    if -2.0 <= value <= 5.0:
        assert reflected == value


def test_a_value_just_beyond_a_limit_is_reflected() -> None:
    assert reflect(np.array([-0.5, 10.25]), 0.0, 10.0) == pytest.approx([0.5, 9.75])
