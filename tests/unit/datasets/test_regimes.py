"""Operating regimes: which sensors set them, and readings within and back in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from GAN.datasets.regimes import find_regimes_among

NAMES = ["altitude", "lever", "inlet_pressure", "speed"]


def flights(*, rare: int = 0) -> pd.DataFrame:
    """Rows of three regimes, and some of a combination of levels that is rare."""
    rng = np.random.default_rng(0)
    regime = rng.integers(0, 3, 600)
    altitude = np.array([0.0, 20.0, 42.0])[regime] + rng.normal(0, 0.01, 600)
    lever = np.array([100.0, 60.1, 100.0])[regime]
    lever[:rare] = np.where(lever[:rare] > 80, 60.1, 100.0)
    pressure = np.array([14.6, 9.0, 5.0])[regime] + rng.normal(0, 0.1, 600)
    speed = np.array([2388.0, 2300.0, 2200.0])[regime] + rng.normal(0, 5, 600)
    frame = pd.DataFrame(dict(zip(NAMES, (altitude, lever, pressure, speed), strict=True)))
    return frame.assign(unit_id=np.repeat(np.arange(1, 7), 100))


def test_settings_are_the_least_noisy_sensors_that_make_the_regimes_and_set_points() -> None:
    regimes, reason = find_regimes_among(flights(), NAMES, [])
    assert reason is None
    assert [NAMES[index] for index in regimes.settings] == ["altitude", "lever"]
    assert len(regimes.codes) == 3


def test_a_sensor_that_wears_is_no_setting() -> None:
    regimes, _ = find_regimes_among(flights(), NAMES, [NAMES.index("altitude")])
    assert NAMES.index("altitude") not in regimes.settings


def test_a_rare_combination_counts_as_the_regime_that_is_most_like_it() -> None:
    frame = flights(rare=5)
    regimes, _ = find_regimes_among(frame, NAMES, [])
    readings = frame[NAMES].to_numpy()
    assert np.isnan(regimes.standardised(readings)[:5]).all()
    levels = regimes.means[regimes.nearest(readings), 0]
    # Altitude has more levels than the lever, but a wrong lever is as far off as any altitude.
    assert np.isin(levels.round(), [0.0, 20.0, 42.0]).all()
    assert np.isfinite(regimes.within_nearest(frame, NAMES)[NAMES].to_numpy()).all()


@given(st.integers(0, 2**31), st.integers(0, 5))
def test_what_is_standardised_is_restored(seed: int, rare: int) -> None:
    frame = flights(rare=rare)
    regimes, _ = find_regimes_among(frame, NAMES, [])
    rng = np.random.default_rng(seed)
    readings = frame[NAMES].to_numpy() + rng.normal(0, 0.05, (600, 4))
    standard = regimes.within_nearest(
        frame.assign(**dict(zip(NAMES, readings.T, strict=True))), NAMES
    )
    restored = regimes.restored(standard[NAMES].to_numpy(), regimes.nearest(readings))
    np.testing.assert_allclose(restored, readings, rtol=1e-9, atol=1e-9)
