from __future__ import annotations

import subprocess
import sys

import pytest

from errors import InvalidInput
from GAN.config.limits import MAX_SET_ROWS, MIN_SET_ROWS, check_count


@pytest.mark.parametrize("rows", [MIN_SET_ROWS, 500, MAX_SET_ROWS])
def test_a_count_up_to_both_bounds_passes(rows: int) -> None:
    check_count("samples.train", rows, MIN_SET_ROWS, MAX_SET_ROWS)


@pytest.mark.parametrize(("rows", "written"), [(1, "1"), (1_000_001, "1,000,001")])
def test_a_count_beyond_a_bound_is_refused_with_the_range(rows: int, written: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_count("samples.train", rows, MIN_SET_ROWS, MAX_SET_ROWS)
    assert str(refused.value) == (
        f"settings: samples.train: {written} is out of range; "
        "write a whole number from 2 to 1,000,000"
    )


def test_the_limits_load_without_the_science() -> None:
    script = (
        "import sys, GAN.config.limits;"
        "print(sorted({'numpy', 'pandas', 'torch', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (found.stdout.strip(), found.stderr) == ("[]", "")
