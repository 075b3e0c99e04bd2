"""A new version replaces the live one unless it is shown to be worse on units of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from GAN.datasets.life_file import LifeOfUnit, write_life
from GAN.datasets.real_units import RealUnits
from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.profile import MachineProfile
from GAN.prognosis import promotion, training_lives
from GAN.prognosis.choice import Choice
from GAN.prognosis.heads import rul
from GAN.prognosis.lives_in_service import LifeInService, add_lives_in_service
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.promotion import Comparison, compare

HOUR = 3_600_000


@pytest.fixture(autouse=True)
def few_units_and_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotion, "_SIMULATED_UNITS", 12)
    monkeypatch.setattr(training_lives, "JUDGED_UNITS", 4)
    monkeypatch.setattr(rul, "_TREES", 20)


def chosen(predictor: Predictor) -> Choice:
    return Choice(predictor, "simulated lives", 30, 0, "simulated units", None, {})


def spoiled(predictor: Predictor) -> Predictor:
    """A predictor whose forecasts are eight times too long."""
    model = replace(predictor.rul, mean_life=8 * predictor.rul.mean_life, longest_life=1e6)
    return replace(predictor, rul=model)


def test_the_same_predictor_again_is_not_worse(
    rig: MachineProfile, rig_predictor: Predictor
) -> None:
    found = compare(rig, rig_predictor, chosen(rig_predictor), None, None, 0)
    assert (found.low, found.high, found.reason_against) == (0.0, 0.0, "")
    assert found.judged_on == "simulated units"


def test_a_predictor_that_is_shown_to_be_worse_is_refused_with_the_metric(
    rig: MachineProfile, rig_predictor: Predictor
) -> None:
    found = compare(rig, rig_predictor, chosen(spoiled(rig_predictor)), None, None, 0)
    assert found.low > 0
    assert found.reason_against.startswith("pinball_loss_hours is ")
    better = compare(rig, spoiled(rig_predictor), chosen(rig_predictor), None, None, 0)
    assert (better.high < 0, better.reason_against) == (True, "")


def test_real_units_that_the_live_version_has_not_seen_decide(
    rig: MachineProfile, rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    real = unseen_lives[unseen_lives["unit_id"] <= 3]
    units = RealUnits(real, None)
    new = chosen(rig_predictor)
    found = compare(rig, spoiled(rig_predictor), new, units, real, 0)
    assert (found.judged_on, found.units, found.reason_against) == ("real units", 3, "")
    # Without the unit that is judged: learning it by heart would be no merit.
    assert found.new > 0


@pytest.mark.parametrize(
    ("new", "low", "taken"),
    [(9.0, -2.0, True), (10.4, -0.5, True), (10.2, 0.1, False), (10.6, -3.0, False)],
)
def test_a_version_is_taken_unless_it_is_worse(new: float, low: float, taken: bool) -> None:
    found = Comparison("loss", "units", 5, 10.0, new, low, new + 1)
    assert (found.reason_against == "") is taken


def life_file(
    rig: MachineProfile, lives: pd.DataFrame, unit: int, path: Path, failed: bool = True
) -> Path:
    own = lives[lives["unit_id"] == unit]
    names = [sensor.name for sensor in rig.sensors]
    rows = [
        (round(hour * HOUR), np.asarray(values, dtype="<f8").tobytes())
        for hour, values in zip(own["cycle_hour"], own[names].to_numpy(), strict=True)
    ]
    life = LifeOfUnit(
        unit=str(unit),
        life=1,
        began_at=0,
        ended_at=rows[-1][0],
        failed=failed,
        failure_mode=own["failure_mode"].iloc[0] if failed else None,
        rows=rows,
    )
    write_life(rig, life, path)
    return path


def test_lives_in_service_become_real_units(
    rig: MachineProfile, unseen_lives: pd.DataFrame, tmp_path: Path
) -> None:
    step = time_step_of(unseen_lives)
    lives = [
        LifeInService(life_file(rig, unseen_lives, 1, tmp_path / "1"), True, False),
        LifeInService(life_file(rig, unseen_lives, 2, tmp_path / "2"), True, True),
        LifeInService(life_file(rig, unseen_lives, 3, tmp_path / "3", False), False, True),
    ]
    real, unseen = add_lives_in_service(None, lives, step)
    assert real is not None
    assert unseen is not None
    assert sorted(set(real.lives["unit_id"])) == [1, 2]
    assert set(unseen["unit_id"]) == {2}
    assert real.step == step
    second = unseen_lives[unseen_lives["unit_id"] == 2]
    assert np.allclose(unseen["rul_hours"], second["rul_hours"], atol=1e-6)
    assert real.unfailed is not None
    assert real.unfailed["rul_hours"].iloc[-1] == 0.0


def test_lives_come_after_the_real_units_of_the_seed(
    rig: MachineProfile, unseen_lives: pd.DataFrame, tmp_path: Path
) -> None:
    known = RealUnits(unseen_lives[unseen_lives["unit_id"] <= 2], None)
    life = LifeInService(life_file(rig, unseen_lives, 5, tmp_path / "5"), True, True)
    real, unseen = add_lives_in_service(known, [life], 1.0)
    assert real is not None
    assert unseen is not None
    assert (set(real.lives["unit_id"]), set(unseen["unit_id"])) == ({1, 2, 3}, {3})


def test_units_that_were_stopped_alone_say_nothing_about_rul(
    rig: MachineProfile, unseen_lives: pd.DataFrame, tmp_path: Path
) -> None:
    stopped = LifeInService(life_file(rig, unseen_lives, 3, tmp_path / "3", False), False, True)
    assert add_lives_in_service(None, [stopped], 1.0) == (None, None)


def test_a_fast_gateway_s_rows_are_thinned_to_the_step(
    rig: MachineProfile, unseen_lives: pd.DataFrame, tmp_path: Path
) -> None:
    life = LifeInService(life_file(rig, unseen_lives, 1, tmp_path / "1"), True, False)
    step = time_step_of(unseen_lives)
    whole, _ = add_lives_in_service(None, [life], step)
    half, _ = add_lives_in_service(None, [life], 4 * step)
    assert whole is not None
    assert half is not None
    assert len(half.lives) == pytest.approx(len(whole.lives) / 4, abs=2)
