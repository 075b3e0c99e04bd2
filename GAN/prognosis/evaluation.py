"""How good a predictor is on lives that it has not seen, compared with simple alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from GAN.prognosis.condition.features import follow, thinned
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.boosting import equal_unit_weights
from GAN.prognosis.heads.error_distribution import HIGH, LEVELS, LOW, MEDIAN, probability_within
from GAN.prognosis.heads.novelty import count_alarms, healthy_rows, healthy_share
from GAN.prognosis.lifetime_prior import remaining
from GAN.prognosis.predictor import Predictor

if TYPE_CHECKING:
    import pandas as pd

#: The last part of life counts as late.
_LATE = 0.3
#: Rows that are judged.
_ROWS = 8_000


class Evaluation(BaseModel):
    """Metrics of a predictor; every unit counts the same. `by_age` is the lifetime distribution.

    Attributes:
        units: Number of units that were judged.
        mean_life_hours: Mean of their lives.
        mae_hours: Mean absolute error of RUL; `late` is the last 30 % of life.
        mae_mean_life_hours: That of the mean life less the age.
        late_mae_trend_hours: That of the fastest sensor's line to its failure value, late in life.
        coverage_90: Share of true RULs inside the 90 % interval.
        width_90_hours: Mean width of that interval.
        pinball_loss_hours: Mean pinball loss over all quantiles.
        brier_24h: Brier score of failure within 24 hours.
        brier_planning: Of failure within the planning horizon.
        mode_accuracy_late: Share of late rows whose most likely failure mode is right.
        false_alarms_per_1000h: Novelty alarms in healthy hours, at a limit for one.
        missed_failures: Units whose novelty never passed that limit.
        strange_share: Share of rows that the predictor calls unlike all past lives.
    """

    units: int
    mean_life_hours: float
    mae_hours: float
    mae_by_age_hours: float
    mae_mean_life_hours: float
    late_mae_hours: float
    late_mae_by_age_hours: float
    late_mae_trend_hours: float
    coverage_90: float
    late_coverage_90: float
    width_90_hours: float
    width_90_by_age_hours: float
    pinball_loss_hours: float
    pinball_loss_by_age_hours: float
    brier_24h: float
    brier_24h_by_age: float
    brier_planning: float
    brier_planning_by_age: float
    mode_accuracy_late: float
    false_alarms_per_1000h: float
    missed_failures: int
    strange_share: float


def evaluate(predictor: Predictor, lives: pd.DataFrame) -> Evaluation:
    """Judge a predictor.

    Args:
        predictor: The predictor.
        lives: Whole lives that it has not seen: unit_id, cycle_hour and rul_hours (hours),
            failure_mode, and the sensors.
    """
    frame, positions, rows, rul, age, units = judged_rows(predictor, lives)
    modes = frame["failure_mode"].to_numpy()[positions].astype(str)
    weight, late = equal_unit_weights(units), rul < _LATE * (rul + age)

    def mean(values: Floats, where: slice | np.ndarray = slice(None)) -> float:
        return float(np.average(values[where], weights=weight[where]))

    strangeness, widened, _ = predictor.past.compare(rows)
    ours = predictor.rul.quantiles(rows, age, widened)
    by_age = _by_age(predictor.lives, age)
    trend = np.minimum(rows[:, -3], by_age[:, HIGH])
    inside = (rul >= ours[:, LOW]) & (rul <= ours[:, HIGH])
    planning = predictor.planning_hours
    shares = predictor.modes.probabilities(rows, np.ones(len(rows)))[:, 1:]
    right = np.array(predictor.modes.modes)[shares.argmax(axis=1)] == modes
    error, by_age_error = np.abs(ours[:, MEDIAN] - rul), np.abs(by_age[:, MEDIAN] - rul)
    mean_life = np.maximum(predictor.lives.mean() - age, 0.0)
    false_alarms, missed = _alarms(predictor, frame, rows, units)
    return Evaluation(
        units=len(np.unique(units)),
        mean_life_hours=float(frame.groupby("unit_id")["cycle_hour"].max().mean()),
        mae_hours=mean(error),
        mae_by_age_hours=mean(by_age_error),
        mae_mean_life_hours=mean(np.abs(mean_life - rul)),
        late_mae_hours=mean(error, late),
        late_mae_by_age_hours=mean(by_age_error, late),
        late_mae_trend_hours=mean(np.abs(trend - rul), late),
        coverage_90=mean(inside.astype(float)),
        late_coverage_90=mean(inside.astype(float), late),
        width_90_hours=mean(ours[:, HIGH] - ours[:, LOW]),
        width_90_by_age_hours=mean(by_age[:, HIGH] - by_age[:, LOW]),
        pinball_loss_hours=mean(pinball_loss(ours, rul)),
        pinball_loss_by_age_hours=mean(pinball_loss(by_age, rul)),
        brier_24h=mean(_brier(ours, rul, 24.0)),
        brier_24h_by_age=mean(_brier(by_age, rul, 24.0)),
        brier_planning=mean(_brier(ours, rul, planning)),
        brier_planning_by_age=mean(_brier(by_age, rul, planning)),
        mode_accuracy_late=mean(right.astype(float), late),
        false_alarms_per_1000h=false_alarms,
        missed_failures=missed,
        strange_share=mean((strangeness > 0.95).astype(float)),
    )


def pinball_loss_of_units(predictor: Predictor, lives: pd.DataFrame) -> Floats:
    """Mean pinball loss of each unit, hours, by ascending `unit_id`, shape (units,).

    Args:
        predictor: The predictor.
        lives: Whole lives; see `evaluate`.
    """
    judged = judged_rows(predictor, lives)
    widened = predictor.past.compare(judged.features)[1]
    quantiles = predictor.rul.quantiles(judged.features, judged.age, widened)
    loss = pinball_loss(quantiles, judged.rul)
    unit = np.unique(judged.units, return_inverse=True)[1]
    return np.asarray(np.bincount(unit, loss) / np.bincount(unit))


class JudgedRows(NamedTuple):
    """Rows of lives, as a predictor sees them.

    Attributes:
        frame: All rows of the lives, in order.
        positions: Positions of the judged rows in it, shape (n,).
        features: Their features, shape (n, features).
        rul: Hours, shape (n,).
        age: Hours in service, shape (n,).
        units: Unit of each row, shape (n,).
    """

    frame: pd.DataFrame
    positions: NDArray[np.intp]
    features: Floats
    rul: Floats
    age: Floats
    units: NDArray[np.integer]


def judged_rows(predictor: Predictor, lives: pd.DataFrame) -> JudgedRows:
    """The rows that are judged, spread evenly.

    Args:
        predictor: The predictor.
        lives: Whole lives; see `evaluate`.
    """
    frame = lives.sort_values(["unit_id", "cycle_hour"], kind="stable").reset_index(drop=True)
    frame = predictor.regimes.of_frame(frame, predictor.sensors.names)
    kept = thinned(frame, max(1, len(frame) // _ROWS))
    followed = follow(frame, predictor.sensors, kept, lively=predictor.lively)
    at = followed.positions
    rul, age = (frame[name].to_numpy(np.float64)[at] for name in ("rul_hours", "cycle_hour"))
    return JudgedRows(frame, at, followed.rows, rul, age, frame["unit_id"].to_numpy()[at])


def mean_evaluation(parts: Sequence[Evaluation]) -> Evaluation:
    """The metrics of several sets of units as of one set, each unit alike."""
    weights = [part.units for part in parts]
    means = {
        name: float(np.average([getattr(part, name) for part in parts], weights=weights))
        for name in Evaluation.model_fields
    }
    missed = sum(part.missed_failures for part in parts)
    return Evaluation(**{**means, "units": sum(weights), "missed_failures": missed})


def pinball_loss(quantiles: Floats, truth: Floats) -> Floats:
    """Mean pinball loss of the quantiles at `LEVELS`, shape (n,)."""
    error = truth[:, None] - quantiles
    return np.asarray(np.maximum(LEVELS * error, (LEVELS - 1.0) * error).mean(axis=1))


def _brier(quantiles: Floats, rul: Floats, hours: float) -> Floats:
    return np.square(probability_within(quantiles, hours) - (rul <= hours))


def _by_age(lives: Floats, age: Floats) -> Floats:
    ages, index = np.unique(age, return_inverse=True)
    return np.stack([remaining(lives, float(each)) for each in ages])[index]


def _alarms(
    predictor: Predictor, frame: pd.DataFrame, rows: Floats, units: np.ndarray
) -> tuple[float, int]:
    """False alarms of novelty in healthy hours, and the units that it missed."""
    sensors, limit = predictor.sensors, predictor.novelty.limit()
    share = healthy_share(predictor.profile)
    used, age, healthy_units = healthy_rows(frame, sensors, predictor.lively, share)
    score = predictor.novelty.score(used)
    alarms, hours = 0, 0.0
    for unit in np.unique(healthy_units):
        mine = healthy_units == unit
        alarms += count_alarms(score[mine], limit)
        hours += float(np.ptp(age[mine]))
    raised = predictor.novelty.score(rows[:, : len(sensors.names)]) > limit
    missed = sum(not raised[units == unit].any() for unit in np.unique(units))
    return 1000.0 * alarms / max(hours, 1.0), missed
