"""Which lives a predictor learns from, and on which units that is decided."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from GAN import layout
from GAN.datasets.parquet import write_table
from GAN.datasets.real_units import RealUnits
from GAN.importing.columns import RunColumns
from GAN.manager import GANManager
from GAN.profiles.profile import INFERRED, MachineProfile
from GAN.prognosis import added_lives, training_lives
from GAN.prognosis import choice as choices
from GAN.prognosis.choice import (
    FEWEST_REAL_UNITS,
    SIMULATED,
    SIMULATED_AND_SYNTHETIC,
    best_lives,
    choose,
)
from GAN.prognosis.evaluation import Evaluation
from GAN.prognosis.heads import rul, sensor_forecast
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.training_lives import (
    REAL,
    REAL_AND_MADE,
    REAL_AND_SIMULATED,
    joined,
    simulated_lives,
)
from GAN.progress import silent

ROLES = {name: name for name in ("unit_id", "cycle_hour", "failure_mode")}


@pytest.fixture(autouse=True)
def few_units_and_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to see what is chosen from what, in seconds."""
    monkeypatch.setattr(choices, "_LEARNT_UNITS", 12)
    monkeypatch.setattr(added_lives, "UNITS", 12)
    monkeypatch.setattr(choices, "JUDGED_UNITS", 6)
    monkeypatch.setattr(training_lives, "JUDGED_UNITS", 6)
    monkeypatch.setattr(training_lives, "_SEED_ROWS", 1_000)
    monkeypatch.setattr(rul, "_TREES", 20)
    monkeypatch.setattr(sensor_forecast, "_ROWS", 50)


def first_units(lives: pd.DataFrame, units: int, every: int = 10) -> pd.DataFrame:
    """Some lives, with every tenth row or so."""
    return lives[lives["unit_id"] <= units].iloc[::every].reset_index(drop=True)


def names(lives: pd.DataFrame) -> set[float]:
    """A unit keeps its first reading when it gets another number."""
    return set(lives.groupby("unit_id")["flow"].first())


def test_without_real_lives_fresh_simulated_units_decide(
    rig: MachineProfile, rig_lives: pd.DataFrame
) -> None:
    wrong = first_units(rig_lives, 12)
    # Lives with RULs that are wrong would do harm.
    wrong["rul_hours"] = wrong["rul_hours"].to_numpy()[::-1]
    choice = choose(rig, None, wrong, 0, silent)
    assert set(choice.candidates) == {SIMULATED, SIMULATED_AND_SYNTHETIC}
    assert choice.learnt_from == SIMULATED
    assert choice.judged_on == "fresh simulated units"


def test_one_or_two_real_lives_are_learnt_with_simulated_ones(
    rig: MachineProfile, rig_lives: pd.DataFrame
) -> None:
    real = first_units(rig_lives, 2)
    choice = choose(rig, RealUnits(real, None), real, 0, silent)
    assert choice.learnt_from == REAL_AND_SIMULATED
    assert choice.units > 2
    assert choice.judged_on == "fresh simulated units"


def test_a_few_real_lives_are_usually_learnt_with_simulated_ones(
    rig: MachineProfile, rig_lives: pd.DataFrame
) -> None:
    real = first_units(rig_lives, 3)
    choice = choose(rig, RealUnits(real, None), real, 0, silent)
    assert list(choice.candidates) == [REAL_AND_SIMULATED, REAL_AND_MADE]
    assert choice.learnt_from == REAL_AND_SIMULATED
    assert choice.units > 3
    assert choice.judged_on == "real units that it had not seen"
    assert choice.evaluation is not None
    assert choice.evaluation.units == 3
    assert not choice.independent


def test_a_profile_that_was_inferred_from_real_lives_adds_none_to_them(
    rig: MachineProfile, rig_lives: pd.DataFrame
) -> None:
    sensors = tuple(one.model_copy(update={"source": INFERRED}) for one in rig.sensors)
    inferred = rig.model_copy(update={"sensors": sensors})
    real = first_units(rig_lives, 3)
    choice = choose(inferred, RealUnits(real, None), real, 0, silent)
    assert list(choice.candidates) == [REAL_AND_MADE]
    # The intervals are as wide as the errors on real units that were left out.
    assert choice.widening > 1.0
    assert not choice.independent


def test_enough_real_lives_are_judged_by_units_that_their_predictor_has_not_seen(
    rig: MachineProfile, rig_lives: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = first_units(rig_lives, FEWEST_REAL_UNITS)
    learnt: dict[int, set[float]] = {}
    judged: list[set[float]] = []
    fit, evaluate = Predictor.fit, choices.evaluate

    def watched_fit(
        profile: MachineProfile,
        lives: pd.DataFrame,
        step: float,
        seed: int,
        unfailed: pd.DataFrame | None,
        sensor_forecast: bool = True,
    ) -> Predictor:
        predictor = fit(profile, lives, step, seed, unfailed, sensor_forecast)
        # With wider intervals it is another object, with the same heads.
        learnt[id(predictor.novelty)] = names(lives)
        return predictor

    def watched_evaluate(predictor: Predictor, lives: pd.DataFrame) -> Evaluation:
        judged.append(names(lives))
        assert not learnt[id(predictor.novelty)] & judged[-1]
        return evaluate(predictor, lives)

    monkeypatch.setattr(Predictor, "fit", watched_fit)
    monkeypatch.setattr(choices, "evaluate", watched_evaluate)
    choice = choose(rig, RealUnits(real, None), real, 0, silent)
    assert list(choice.candidates) == [REAL, REAL_AND_SIMULATED, REAL_AND_MADE]
    assert choice.candidates[choice.learnt_from] <= choice.candidates[REAL]
    assert choice.judged_on == "real units that it had not seen"
    # Half of the units decide, in three folds; the metrics come from the others.
    assert choice.evaluation is not None
    assert choice.evaluation.units == FEWEST_REAL_UNITS // 2
    assert choice.independent
    deciding, rest = set[float]().union(*judged[:3]), set[float]().union(*judged[3:6])
    assert deciding | rest == names(real)
    assert not deciding & rest
    # The chosen predictor learns from all of them, with all heads.
    assert choice.predictor.forecast is not None
    assert names(real) <= learnt[id(choice.predictor.novelty)]


@pytest.mark.parametrize(
    ("simulated", "made", "best"),
    [
        ((9.0, 9.0, 9.0), (8.0, 8.0, 8.0), REAL_AND_MADE),
        # The better one on average, but not in each fold.
        ((9.0, 9.0, 9.0), (1.0, 1.0, 11.0), REAL_AND_SIMULATED),
        ((9.0, 9.0, 10.0), (1.0, 1.0, 11.0), REAL),
    ],
)
def test_other_lives_are_learnt_from_if_they_are_better_in_every_fold(
    simulated: tuple[float, ...], made: tuple[float, ...], best: str
) -> None:
    losses = {
        REAL: (10.0, 10.0, 10.0),
        REAL_AND_SIMULATED: simulated,
        REAL_AND_MADE: made,
    }
    assert best_lives(losses, REAL) == best


def test_joined_lives_keep_their_units_apart(rig: MachineProfile) -> None:
    lives = simulated_lives(rig, 4, 1)
    both = joined(lives, lives)
    assert both["unit_id"].nunique() == 2 * lives["unit_id"].nunique()


def test_imported_units_that_had_not_failed_reach_the_predictor(
    rig: MachineProfile, rig_lives: pd.DataFrame, tmp_path: Path
) -> None:
    manager = GANManager(tmp_path)
    lives = first_units(rig_lives, 4, every=2)
    for split in layout.SPLITS:
        write_table(lives, tmp_path / layout.split_key(rig.machine_id, split), rig, "synthetic")
    file = tmp_path / "runs.csv"
    gaps = lives["flow"].where((lives["unit_id"] > 2) | (lives["cycle_hour"] > 20))
    some = lives.assign(failed=lives["unit_id"] > 2, flow=gaps)
    some.drop(columns="rul_hours").to_csv(file, index=False)
    sensors = {sensor.name: sensor.name for sensor in rig.sensors}
    manager.import_seed(rig, file, RunColumns({**ROLES, "failed": "failed"}, sensors))
    trained = manager.train_predictor(rig)
    assert "also learnt from 2 units that had not failed" in trained.card_path.read_text()
    # Those of an earlier import do not belong to a new seed.
    lives.to_csv(file, index=False)
    manager.import_seed(rig, file, RunColumns({**ROLES, "rul_hours": "rul_hours"}, sensors))
    assert "had not failed" not in manager.train_predictor(rig).card_path.read_text()
