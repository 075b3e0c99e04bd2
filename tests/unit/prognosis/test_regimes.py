"""Operating regimes: settings that jump are found, and readings are standardised within them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from GAN.datasets.real_units import RealUnits
from GAN.datasets.regimes import find_regimes
from GAN.manager import GANManager
from GAN.profiles.profile import MachineProfile
from GAN.prognosis import added_lives, lifetime_prior, predictor_file
from GAN.prognosis.choice import choose
from GAN.prognosis.condition.sensors import SensorArrays
from GAN.prognosis.heads import rul
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.training_lives import REAL_AND_MADE
from GAN.progress import silent
from GAN.simulation.physics import physics_seed

STEP = 5.0


def jumping_lives(rig: MachineProfile, *, with_setting: bool) -> pd.DataFrame:
    """Lives whose wearing sensors jump by regime, and a steady sensor that says which it is."""
    lives = physics_seed(rig, 3_000, 1)
    regime = np.random.default_rng(0).integers(0, 3, len(lives))
    for sensor in rig.sensors:
        if sensor.failure is not None:
            lives[sensor.name] += 20 * abs(sensor.failure - sensor.normal.min) * regime
        elif with_setting:
            lives[sensor.name] = sensor.normal.min + regime * 100.0
    return lives


def test_machines_without_settings_have_no_regimes(
    rig: MachineProfile, rig_lives: pd.DataFrame, rig_sensors: SensorArrays
) -> None:
    regimes, reason = find_regimes(rig_lives, rig)
    assert regimes.settings == ()
    assert reason is None
    assert regimes.of_frame(rig_lives, rig_sensors.names) is rig_lives


def test_readings_are_standardised_within_regimes(rig: MachineProfile) -> None:
    lives, sensors = jumping_lives(rig, with_setting=True), SensorArrays.of(rig, STEP)
    regimes, reason = find_regimes(lives, rig)
    assert reason is None
    assert len(regimes.codes) == 3
    wearing = [sensors.names[index] for index in sensors.wearing]
    standardised = regimes.of_frame(lives, sensors.names)[wearing]
    assert (standardised.std() < 0.2 * lives[wearing].std()).all()
    # What remains follows the wear as the readings did before they jumped.
    plain = physics_seed(rig, 3_000, 1)
    assert standardised["vibration_rms"].corr(plain["vibration_rms"]) > 0.9


def test_readings_in_an_unknown_regime_are_missing(rig: MachineProfile) -> None:
    lives, sensors = jumping_lives(rig, with_setting=True), SensorArrays.of(rig, STEP)
    regimes, _ = find_regimes(lives, rig)
    readings = lives[list(sensors.names)].to_numpy(float)[:2]
    readings[0, regimes.settings[0]] = np.nan
    assert np.isnan(regimes.standardised(readings)[0]).all()
    assert not np.isnan(regimes.standardised(readings)[1]).any()


def test_regimes_are_in_the_file(rig: MachineProfile, tmp_path: Path) -> None:
    lives = jumping_lives(rig, with_setting=True)
    predictor = Predictor.fit(rig, lives, STEP)
    predictor_file.save(predictor, tmp_path / "p.zip")
    loaded = predictor_file.load(tmp_path / "p.zip")
    readings = lives[list(loaded.sensors.names)].to_numpy(float)
    expected = predictor.regimes.standardised(readings)
    assert loaded.regimes.standardised(readings).tobytes() == expected.tobytes()


def test_two_lives_with_regimes_give_no_forecast_because_simulated_ones_have_none(
    rig: MachineProfile, rig_lives: pd.DataFrame
) -> None:
    lives = jumping_lives(rig, with_setting=True)
    two = lives[lives["unit_id"] <= 2].reset_index(drop=True)
    found = choose(rig, RealUnits(two, None), rig_lives, 0, silent)
    assert found.evaluation is None
    assert "real units are too few" in (found.predictor.no_forecast or "")


def test_three_lives_with_regimes_are_learnt_with_lives_made_from_them(
    rig: MachineProfile, rig_lives: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(added_lives, "UNITS", 6)
    monkeypatch.setattr(rul, "_TREES", 20)
    lives = jumping_lives(rig, with_setting=True)
    three = lives[lives["unit_id"] <= 3].reset_index(drop=True)
    found = choose(rig, RealUnits(three, None), rig_lives, 0, silent)
    assert list(found.candidates) == [REAL_AND_MADE]
    assert found.predictor.no_forecast is None


def test_jumps_without_a_setting_give_no_forecast_and_say_why(
    rig: MachineProfile, tmp_path: Path
) -> None:
    lives = jumping_lives(rig, with_setting=False)
    predictor = Predictor.fit(rig, lives, STEP)
    assert predictor.no_forecast is not None
    assert "add the operating settings" in predictor.no_forecast
    predictor_file.save(predictor, tmp_path / "p.zip")
    asked = lives[lives["unit_id"] == 1].rename(columns={"unit_id": "unit"})
    (found,) = GANManager(tmp_path).predictions(rig, asked, predictor_path=tmp_path / "p.zip")
    assert found.based_on == "lifetimes of the type"
    assert predictor.no_forecast in found.sentence
    assert found.reasons == ()
    expected = lifetime_prior.remaining(predictor.lives, found.age_hours)
    assert found.rul_hours == pytest.approx(expected[len(expected) // 2])
