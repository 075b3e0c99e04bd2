"""Daily cycles, counters, maintenance resets and gaps in one file: each is kept, or named."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from GAN.datasets.real_units import RealUnits
from GAN.importing.columns import choose_columns
from GAN.importing.conversion import convert_runs
from GAN.importing.profile_inference import derive_profile
from GAN.synthesis.generation import draw_lives
from GAN.synthesis.life_model import learn_lives
from GAN.synthesis.structure import structure

UNITS, DAY = 15, 24.0


def press(unit: int, rng: np.random.Generator) -> pd.DataFrame:
    """A life, a row an hour; the unit begins at any time of the day."""
    rows = int(800 * np.exp(0.25 * rng.normal()))
    hours = np.arange(rows)
    worn = hours / (rows - 1)
    vibration = 1.5 + 3 * worn**3 + rng.normal(0, 0.15, rows)
    for _ in range(3):
        gap = rng.integers(0, rows - 30)
        vibration[gap : gap + 15] = np.nan
    daily = 5 * np.sin(2 * np.pi * (hours + rng.uniform(0, DAY)) / DAY)
    readings = {
        "temperature": 40 + daily + 12 * worn**2 + rng.normal(0, 0.8, rows),
        "filter_pressure": 0.02 * (hours % 160) * (1 + worn) + rng.normal(0, 0.05, rows),
        "vibration": vibration,
        "strokes": np.cumsum(rng.poisson(10, rows)),
        "pad_mm": np.round(12 - 8 * worn - 0.002 * hours, 1),
    }
    return pd.DataFrame({"unit": unit, "hour": hours, **readings})


class Press(NamedTuple):
    """Known lives, lives that were made, the notes of the import, and what the model found."""

    known: pd.DataFrame
    made: pd.DataFrame
    notes: tuple[str, ...]
    found: tuple[str, ...]


@pytest.fixture(scope="module", params=[1.0, 2.0], ids=["same step", "double step"])
def lives(request: pytest.FixtureRequest) -> Press:
    rng = np.random.default_rng(0)
    table = pd.concat([press(unit, rng) for unit in range(1, UNITS + 1)], ignore_index=True)
    runs = convert_runs(table, choose_columns(table, {}, None).columns, "it")
    profile = derive_profile("hydraulic_a", runs, {}, "it")
    model = learn_lives(runs.frame, profile, RealUnits(runs.frame, None))
    made = draw_lives(model, profile, 2 * UNITS, 40_000, request.param, 0)
    return Press(runs.frame, made, runs.notes, structure(model))


def daily_amplitudes(frame: pd.DataFrame) -> list[float]:
    found = []
    for _, life in frame.groupby("unit_id"):
        hours = life["cycle_hour"].to_numpy()
        trend = np.polynomial.Polynomial.fit(hours, life["temperature"], 4)
        daily = (life["temperature"] - trend(hours)) * np.exp(2j * np.pi * hours / DAY)
        found.append(2 * abs(daily.mean()))
    return found


def test_readings_follow_the_day(lives: Press) -> None:
    assert np.mean(daily_amplitudes(lives.known)) == pytest.approx(5, rel=0.1)
    assert np.quantile(daily_amplitudes(lives.made), [0.05, 0.95]) == pytest.approx(5, rel=0.2)


def test_counters_go_one_way_and_as_fast_as_they_did(lives: Press) -> None:
    units = lives.made.groupby("unit_id")
    assert units["strokes"].diff().min() >= 0
    assert units["pad_mm"].diff().max() <= 0
    assert (lives.made["strokes"] % 1 == 0).all()
    rate = units["strokes"].max() / units["cycle_hour"].max()
    assert rate.median() == pytest.approx(10, rel=0.1)


def test_resets_happen_about_as_often_as_they_did(lives: Press) -> None:
    def resets(frame: pd.DataFrame) -> float:
        units = frame.groupby("unit_id")
        return float((units["filter_pressure"].diff() < -2).sum() / units["cycle_hour"].max().sum())

    assert 0.5 < resets(lives.made) / resets(lives.known) < 1.6


def test_gaps_are_filled_and_named(lives: Press) -> None:
    assert lives.made["vibration"].notna().all()
    assert lives.notes == ("vibration: 5.5% of the readings were missing; interpolated",)


def test_cycles_and_counters_are_named(lives: Press) -> None:
    assert lives.found == (
        "daily or weekly cycles in temperature",
        "strokes: never falls within a life",
        "pad_mm: never rises within a life",
    )


def test_units_of_two_kinds_are_named() -> None:
    rng = np.random.default_rng(1)
    presses = pd.concat([press(unit, rng) for unit in range(1, UNITS + 1)], ignore_index=True)
    fast = presses["unit"] > 10
    table = presses.assign(speed=np.where(fast, 90.0, 60.0) + rng.normal(0, 1, len(presses)))
    runs = convert_runs(table, choose_columns(table, {}, None).columns, "it")
    profile = derive_profile("hydraulic_a", runs, {}, "it")
    found = structure(learn_lives(runs.frame, profile, RealUnits(runs.frame, None)))
    assert "2 groups of units with a wide gap between their readings: 10, 5 units" in found
