"""Lives of a machine with six operating regimes, from the wear in them to the lives made."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from benchmarks.worth.law import law
from GAN.datasets.real_units import RealUnits
from GAN.datasets.regimes import Regimes, find_regimes
from GAN.importing.columns import choose_columns
from GAN.importing.conversion import convert_runs
from GAN.importing.profile_inference import derive_profile
from GAN.profiles.profile import MachineProfile
from GAN.synthesis.generation import draw_lives
from GAN.synthesis.life_model import learn_lives
from GAN.synthesis.structure import structure

SETTINGS = ["setting_1", "setting_2"]


class Machine(NamedTuple):
    """Known lives, their profile, lives that were made, and what the model found."""

    known: pd.DataFrame
    profile: MachineProfile
    made: pd.DataFrame
    found: tuple[str, ...]


@pytest.fixture(scope="module")
def machine() -> Machine:
    known = law(20)
    table = known.drop(columns="rul_hours").rename(
        columns={"unit_id": "unit", "cycle_hour": "hour"}
    )
    runs = convert_runs(table, choose_columns(table, {}, None).columns, "it")
    profile = derive_profile("turbofan_a", runs, {}, "it")
    model = learn_lives(runs.frame, profile, RealUnits(runs.frame, None))
    made = draw_lives(model, profile, 40, 20_000, 1.0, 0)
    return Machine(runs.frame, profile, made, structure(model))


def test_wear_is_seen_within_regimes(machine: Machine) -> None:
    found = {sensor.name: sensor.direction for sensor in machine.profile.sensors}
    # Levels differ between regimes by more than any sensor wears.
    assert found["sensor_1"] == found["sensor_5"] == "rising"
    assert found["sensor_4"] == "falling"
    assert found["sensor_8"] == "steady"
    (source,) = {sensor.source for sensor in machine.profile.sensors}
    assert source == "run-to-failure data, as in the mean of 6 operating regimes"


def test_regimes_and_what_sets_them_are_named(machine: Machine) -> None:
    assert machine.found == ("6 operating regimes, set by setting_1, setting_2",)


def test_settings_have_the_combinations_that_were_seen(machine: Machine) -> None:
    seen = set(machine.known[SETTINGS].itertuples(index=False, name=None))
    assert set(machine.made[SETTINGS].itertuples(index=False, name=None)) == seen


def test_regimes_follow_one_another_as_they_did(machine: Machine) -> None:
    def stays(lives: pd.DataFrame) -> float:
        same = lives[SETTINGS].eq(lives[SETTINGS].shift()).all(axis=1)
        return float(same[lives["unit_id"].eq(lives["unit_id"].shift())].mean())

    assert stays(machine.made) == pytest.approx(stays(machine.known), abs=0.012)


def test_sensors_keep_their_level_and_spread_in_each_regime(machine: Machine) -> None:
    sensors = [f"sensor_{number}" for number in range(1, 9)]
    seen, made = (lives.groupby(SETTINGS)[sensors] for lives in (machine.known, machine.made))
    spread = seen.std()
    assert ((made.mean() - seen.mean()).abs() / spread).to_numpy().max() < 0.4
    assert ((made.std() / spread).to_numpy() > 0.7).all()
    assert ((made.std() / spread).to_numpy() < 1.4).all()


def test_sensors_wear_in_all_regimes(machine: Machine) -> None:
    regimes: Regimes = find_regimes(machine.known, machine.profile)[0]
    names = [sensor.name for sensor in machine.profile.sensors]
    worn = []
    for lives in (machine.known, machine.made):
        within = regimes.within_nearest(lives, names)
        end = within[within["rul_hours"] < 10].groupby("failure_mode")[names].mean()
        worn.append((end - within[names].mean()) / within[names].std())
    np.testing.assert_allclose(*(part.drop(columns=SETTINGS) for part in worn), atol=0.5)
