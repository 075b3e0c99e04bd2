from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import InvalidInput
from GAN.config.tvae_config import (
    DEFAULT_SAMPLES,
    TvaeConfig,
    production_expectations,
    progress_interval,
)


def test_a_training_has_25_epochs_by_default() -> None:
    assert TvaeConfig().epochs == 25


@pytest.mark.parametrize("epochs", [0, -1, 1001])
def test_epochs_outside_1_to_1000_are_refused_with_advice(epochs: int) -> None:
    with pytest.raises(InvalidInput, match=r"epochs.*whole number from 1 to 1,000"):
        TvaeConfig(epochs=epochs)


@given(st.integers(1, 1000))
def test_a_training_reports_about_ten_times(epochs: int) -> None:
    interval = progress_interval(epochs)
    assert interval >= 1
    assert epochs // interval <= 19


def test_the_fleet_of_32_takes_11_minutes_of_work_and_352_megabytes() -> None:
    assert production_expectations(32) == (7, 352)
    assert production_expectations(0) == (0, 0)


def test_default_sets_are_70_15_15() -> None:
    assert dict(DEFAULT_SAMPLES) == {"train": 35_000, "val": 7_500, "test": 7_500}
