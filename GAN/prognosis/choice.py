"""The choice between the lives that a predictor can learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from GAN.datasets.real_units import RealUnits
from GAN.datasets.regimes import find_regimes
from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.calibration import unit_errors, widened, widening
from GAN.prognosis.evaluation import Evaluation, evaluate, mean_evaluation
from GAN.prognosis.heads.boosting import unit_folds
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.training_lives import (
    JUDGED_UNITS,
    REAL,
    REAL_AND_MADE,
    REAL_AND_SIMULATED,
    fresh_units,
    joined,
    lives_with,
    simulated_lives,
)
from GAN.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

SIMULATED = "simulated lives"
SIMULATED_AND_SYNTHETIC = "simulated and synthetic lives"

#: Simulated units to learn from.
_LEARNT_UNITS, _LEARNT_SEEDS = 100, 1_000_000

#: Real units are judged by predictors that did not see them, in this many folds; fewer units cannot
#: be. From the second number on, they serve alone, and half of them decide.
_FOLDS, FEWEST_REAL_UNITS = 3, 8


@dataclass(frozen=True)
class Choice:
    """The chosen predictor.

    Attributes:
        learnt_from: Name of the lives that it learnt from.
        units: Number of these lives.
        unfailed: Number of units that had not failed, from which novelty and the sensor forecast
            learnt too.
        judged_on: The units that it was judged on.
        evaluation: Its metrics on units that it has not seen; None if it gives no forecast.
        candidates: The mean pinball loss of each candidate, hours, on the units that decided.
        independent: Whether the units of the evaluation played no part in the choice.
        widening: By how much its intervals are wider than those of the lives that it learnt.
    """

    predictor: Predictor
    learnt_from: str
    units: int
    unfailed: int
    judged_on: str
    evaluation: Evaluation | None
    candidates: Mapping[str, float]
    independent: bool = True
    widening: float = 1.0


def choose(
    profile: MachineProfile,
    real: RealUnits | None,
    synthetic: pd.DataFrame,
    seed: int,
    progress: Progress,
) -> Choice:
    """Learn from the lives that serve best.

    Args:
        profile: The machine.
        real: Its real units; None if there are none.
        synthetic: Its synthetic training and validation lives.
        seed: Random seed.
        progress: Gets a report before each training.
    """

    def simulated_now() -> pd.DataFrame:
        progress(0, "simulating lives")
        return simulated_lives(profile, _LEARNT_UNITS, (_LEARNT_SEEDS + 1_000 * seed) % 2**31)

    if real is None:
        simulated = simulated_now()
        candidates = {
            SIMULATED: simulated,
            SIMULATED_AND_SYNTHETIC: joined(simulated, synthetic),
        }
        return choose_from_simulation(profile, candidates, seed, progress)
    lives, unfailed, step = real.lives, real.unfailed, real.step
    regimes, no_forecast = find_regimes(lives, profile)
    units = int(lives["unit_id"].nunique())
    # Simulated lives have no regimes, so they cannot be mixed with lives that do.
    if regimes.settings and units < _FOLDS:
        names = ", ".join(profile.sensors[index].name for index in regimes.settings)
        no_forecast = f"{names} jump, and {units} real units are too few: {_FOLDS} or more"
    if no_forecast is not None:
        predictor = replace(Predictor.fit(profile, lives, step, seed), no_forecast=no_forecast)
        return Choice(predictor, REAL, units, 0, "nothing", None, {})
    if units < _FOLDS:
        candidates = {REAL_AND_SIMULATED: joined(lives, simulated_now())}
        return choose_from_simulation(profile, candidates, seed, progress, unfailed, step)
    useful = not (regimes.settings or profile.is_inferred)
    return choose_from_real(profile, real, simulated_now() if useful else None, seed, progress)


def choose_from_simulation(
    profile: MachineProfile,
    candidates: Mapping[str, pd.DataFrame],
    seed: int,
    progress: Progress,
    unfailed: pd.DataFrame | None = None,
    step_hours: float | None = None,
) -> Choice:
    """Choose by fresh simulated units: half of them decide, the other half give the metrics.

    Args:
        profile: The machine.
        candidates: Lives to learn from, by name.
        seed: Random seed.
        progress: Gets a report before each candidate.
        unfailed: Real units that had not failed.
        step_hours: Time step, hours; None: that of each candidate's first life.
    """
    judged = fresh_units(profile)
    deciding = judged["unit_id"] <= JUDGED_UNITS
    predictors, scores = {}, {}
    for number, (name, lives) in enumerate(candidates.items()):
        progress(10 + 75 * number // len(candidates), f"learning from {name}")
        step = step_hours or time_step_of(lives)
        predictors[name] = Predictor.fit(profile, lives, step, seed, unfailed)
        scores[name] = evaluate(predictors[name], judged[deciding]).pinball_loss_hours
    best = min(scores, key=scores.__getitem__)
    progress(90, f"judging what was learnt from {best}")
    return Choice(
        predictor=predictors[best],
        learnt_from=best,
        units=int(candidates[best]["unit_id"].nunique()),
        unfailed=_count(unfailed),
        judged_on="fresh simulated units",
        evaluation=evaluate(predictors[best], judged[~deciding]),
        candidates=scores,
    )


def choose_from_real(
    profile: MachineProfile,
    real: RealUnits,
    simulated: pd.DataFrame | None,
    seed: int,
    progress: Progress,
) -> Choice:
    """Choose by real units, each judged by a predictor that has not seen it.

    The usual choice is the real units alone. Few of them are learnt with simulated lives, or, if
    the profile says nothing that the units do not, with lives that are made from them: on measured
    lives, that has the least error (docs/predictions.md). Other lives are the choice only if they
    are better in every fold. Half of the units decide and the other half give the metrics; few
    units do both. Lives that are made from real ones are made again from those that the predictor
    may see.

    Args:
        profile: The machine.
        real: Its real units; `_FOLDS` lives or more.
        simulated: Lives simulated from its profile; None if they cannot be added or say nothing
            that the real units do not.
        seed: Random seed.
        progress: Gets a report before each training.
    """
    whole, unfailed, time_step = real.lives, real.unfailed, real.step
    units = whole["unit_id"].to_numpy()
    count = len(np.unique(units))
    fold = unit_folds(units, _FOLDS)
    few = count < FEWEST_REAL_UNITS
    half = unit_folds(units, 2) == unit_folds(units, 2)[0]
    deciding, judged = half | few, ~half | few
    with_simulated = [] if simulated is None else [REAL_AND_SIMULATED]
    names = [*with_simulated, REAL_AND_MADE] if few else [REAL, *with_simulated, REAL_AND_MADE]
    trials: dict[str, _Trial] = {}
    done, step = 10.0, 70 / (len(names) * _FOLDS)
    for name in names:
        tried = []
        for number in range(_FOLDS):
            progress(done, f"learning from {name}, part {number + 1} of {_FOLDS}")
            done += step
            known = real._replace(lives=whole[fold != number].reset_index(drop=True))
            lives = lives_with(name, known, simulated, profile, seed)
            # Judging needs no sensor forecast.
            predictor = Predictor.fit(
                profile, lives, time_step, seed, unfailed, sensor_forecast=False
            )
            here = fold == number
            tried.append((predictor, whole[here & deciding], whole[here & judged]))
        trials[name] = _Trial.of(tried, is_real=name == REAL)
    best = best_lives({name: trial.losses for name, trial in trials.items()}, names[0])
    progress(80, f"learning from all {best}")
    lives = lives_with(best, real, simulated, profile, seed)
    chosen = trials[best]
    predictor = Predictor.fit(profile, lives, time_step, seed, unfailed)
    return Choice(
        predictor=widened(predictor, chosen.widening),
        learnt_from=best,
        units=int(lives["unit_id"].nunique()),
        unfailed=_count(unfailed),
        judged_on="real units that it had not seen",
        evaluation=chosen.evaluation,
        candidates={name: trial.loss for name, trial in trials.items()},
        independent=not few,
        widening=chosen.widening,
    )


@dataclass(frozen=True)
class _Trial:
    """A mixture of lives that was tried in folds.

    Attributes:
        losses: Pinball loss of each fold on the units that decide, hours.
        loss: That of all of them.
        evaluation: The metrics on the units that are judged.
        widening: By how much intervals must be wider than those of the lives that were learnt.
    """

    losses: Sequence[float]
    loss: float
    evaluation: Evaluation
    widening: float

    @classmethod
    def of(
        cls, folds: Sequence[tuple[Predictor, pd.DataFrame, pd.DataFrame]], *, is_real: bool
    ) -> Self:
        """Judge predictors.

        Args:
            folds: Predictors, and the units that decide and are judged; each has seen neither.
            is_real: Whether only real units were learnt: then their errors are right.
        """
        factor = 1.0
        if not is_real:
            errors = [error for one, first, _ in folds for error in unit_errors(one, first)]
            factor = widening(errors)
        wide = [(widened(one, factor), first, second) for one, first, second in folds]
        decided = [evaluate(one, first) for one, first, _ in wide]
        return cls(
            losses=[found.pinball_loss_hours for found in decided],
            loss=mean_evaluation(decided).pinball_loss_hours,
            evaluation=mean_evaluation([evaluate(one, second) for one, _, second in wide]),
            widening=factor,
        )


def best_lives(losses: Mapping[str, Sequence[float]], usual: str) -> str:
    """The least loss among lives that are better than the usual ones in every fold.

    A few units decide, and one of several candidates is soon better by chance.

    Args:
        losses: By name, one of each fold.
        usual: The name of the lives that are learnt unless others are better.
    """
    better = {
        name: np.mean(found)
        for name, found in losses.items()
        if all(loss < other for loss, other in zip(found, losses[usual], strict=True))
    }
    return min(better, key=better.__getitem__, default=usual)


def _count(units: pd.DataFrame | None) -> int:
    return 0 if units is None else int(units["unit_id"].nunique())
