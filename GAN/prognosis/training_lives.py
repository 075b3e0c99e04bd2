"""The lives that a predictor can learn from, and the choice between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from GAN.config.limits import MAX_RANDOM_SEED
from GAN.datasets.real_units import RealUnits
from GAN.datasets.regimes import find_regimes
from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.added_lives import generated_lives, stretched_lives
from GAN.prognosis.evaluation import Evaluation, evaluate, mean_evaluation
from GAN.prognosis.heads.boosting import unit_folds
from GAN.prognosis.predictor import Predictor
from GAN.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

SIMULATED, REAL = "simulated lives", "real lives"
SIMULATED_AND_SYNTHETIC = "simulated and synthetic lives"
REAL_AND_SIMULATED = "real and simulated lives"
REAL_AND_MADE = "real lives, synthetic ones and stretched copies"

#: Simulated units to learn from and to be judged on, and the rows of each seed of them.
_LEARNT_UNITS, _JUDGED_UNITS, _SEED_ROWS = 100, 60, 3_000
#: The judged units come from seeds that users are unlikely to choose.
_FIRST_JUDGED_SEED = MAX_RANDOM_SEED - 10_000
_LEARNT_SEEDS = 1_000_000

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
    """

    predictor: Predictor
    learnt_from: str
    units: int
    unfailed: int
    judged_on: str
    evaluation: Evaluation | None
    candidates: Mapping[str, float]
    independent: bool = True


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
    progress(0, "simulating lives")
    simulated = simulated_lives(profile, _LEARNT_UNITS, (_LEARNT_SEEDS + 1_000 * seed) % 2**31)
    if real is None:
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
        candidates = {REAL_AND_SIMULATED: joined(lives, simulated)}
        return choose_from_simulation(profile, candidates, seed, progress, unfailed, step)
    useful = not (regimes.settings or profile.is_inferred)
    return choose_from_real(profile, real, simulated if useful else None, seed, progress)


def lives_with(
    name: str,
    known: RealUnits,
    simulated: pd.DataFrame | None,
    profile: MachineProfile,
    seed: int,
) -> pd.DataFrame:
    """Real lives, and others with them.

    Args:
        name: `REAL`, `REAL_AND_SIMULATED` or `REAL_AND_MADE`.
        known: The real units; lives are made from these alone.
        simulated: Lives simulated from the profile.
        profile: The machine.
        seed: Random seed.
    """
    if name == REAL_AND_MADE:
        made = joined(generated_lives(known, profile, seed), stretched_lives(known, profile, seed))
        return joined(known.lives, made)
    if name == REAL_AND_SIMULATED and simulated is not None:
        return joined(known.lives, simulated)
    return known.lives


def simulated_lives(profile: MachineProfile, units: int, first_seed: int) -> pd.DataFrame:
    """Lives straight from the profile: at least so many units, numbered from 1."""
    import pandas as pd

    from GAN.simulation.physics import physics_seed

    parts: list[pd.DataFrame] = []
    count = 0
    while count < units:
        frame = physics_seed(profile, _SEED_ROWS, first_seed + len(parts))
        frame["unit_id"] += count
        count = int(frame["unit_id"].max())
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def fresh_units(profile: MachineProfile) -> pd.DataFrame:
    """Simulated units that no predictor has learnt from."""
    return simulated_lives(profile, 2 * _JUDGED_UNITS, _FIRST_JUDGED_SEED)


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
    deciding = judged["unit_id"] <= _JUDGED_UNITS
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
    deciding, judged = (half | few, ~half | few)
    with_simulated = [] if simulated is None else [REAL_AND_SIMULATED]
    names = [*with_simulated, REAL_AND_MADE] if few else [REAL, *with_simulated, REAL_AND_MADE]
    parts: dict[str, list[tuple[Evaluation, Evaluation]]] = {name: [] for name in names}
    done, step = 10.0, 70 / (len(names) * _FOLDS)
    for name in names:
        for number in range(_FOLDS):
            progress(done, f"learning from {name}, part {number + 1} of {_FOLDS}")
            done += step
            known = real._replace(lives=whole[fold != number].reset_index(drop=True))
            lives = lives_with(name, known, simulated, profile, seed)
            # Judging needs no sensor forecast.
            predictor = Predictor.fit(
                profile, lives, time_step, seed, unfailed, sensor_forecast=False
            )
            unseen = (whole[(fold == number) & some] for some in (deciding, judged))
            first, second = (evaluate(predictor, some) for some in unseen)
            parts[name].append((first, second))
    losses = {
        name: [first.pinball_loss_hours for first, _ in found] for name, found in parts.items()
    }
    best = best_lives(losses, names[0])
    progress(80, f"learning from all {best}")
    lives = lives_with(best, real, simulated, profile, seed)
    return Choice(
        predictor=Predictor.fit(profile, lives, time_step, seed, unfailed),
        learnt_from=best,
        units=int(lives["unit_id"].nunique()),
        unfailed=_count(unfailed),
        judged_on="real units that it had not seen",
        evaluation=mean_evaluation([rest for _, rest in parts[best]]),
        candidates={
            name: mean_evaluation([first for first, _ in found]).pinball_loss_hours
            for name, found in parts.items()
        },
        independent=not few or len(names) == 1,
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


def joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Lives of both tables, with unit numbers that differ."""
    import pandas as pd

    other = second.assign(unit_id=second["unit_id"] + first["unit_id"].max())
    return pd.concat([first, other[list(first)]], ignore_index=True)
