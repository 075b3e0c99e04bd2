"""Units in service: their conditions are updated by new readings, and asked about."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from GAN.config.thresholds import Thresholds
from GAN.prognosis import lifetime_prior
from GAN.prognosis.condition.running import FIGURES, SEEN_AT, Condition, in_step
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.levels import LevelState, next_level
from GAN.prognosis.prediction import Prediction
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.readings import Readings

#: Version of the figures in `GAN.prognosis.condition.running`.
_FIGURES_VERSION = 2
#: A reading that follows the last one by less than this share of a time step is passed over.
_SHORTEST_STEP = 0.1


@dataclass(frozen=True)
class Repaired:
    """A repair of a unit: some of its sensors begin anew.

    Attributes:
        hours: Hours in service. Rows after it, not at it, are of the repaired unit.
        sensors: Names.
    """

    hours: float
    sensors: Sequence[str]


@dataclass(frozen=True)
class TrackedUnit:
    """A unit before its new readings.

    Attributes:
        condition: As `UnitAnswer.condition`; None: it has had no reading.
        level: Its level.
        explained: Whether its prediction is to be explained, even if its level stays.
        repairs: Repairs that the condition does not include, the oldest first.
    """

    name: str
    condition: bytes | None
    level: LevelState
    explained: bool = True
    repairs: Sequence[Repaired] = ()


@dataclass(frozen=True)
class UnitAnswer:
    """A unit after its new readings.

    Attributes:
        condition: The figures of each sensor, then hours in service and hours at the first reading:
            float64, little-endian.
        explained: Whether the prediction has reasons.
    """

    condition: bytes
    prediction: Prediction
    level: LevelState
    explained: bool


def condition_basis(predictor: Predictor) -> str:
    """What the figures of a condition depend on, as a hash: profile, time step and regimes."""
    regimes = {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in asdict(predictor.regimes).items()
    }
    step = predictor.sensors.step_hours
    parts = [_FIGURES_VERSION, predictor.profile.sha256, step, regimes]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def track(
    predictor: Predictor, units: Sequence[TrackedUnit], rows: Readings, thresholds: Thresholds
) -> list[UnitAnswer]:
    """Update units by new readings and predict them.

    The conditions do not depend on how the readings are divided into batches.

    Args:
        predictor: The predictor of their machine type.
        units: The units. Each has a condition, or at least one reading.
        rows: Their new readings, sorted by unit and time; `rows.units` are names of `units` in the
            same order. Hours in service are not before those in the conditions.
        thresholds: Where levels begin.
    """
    condition = _condition_of(predictor, units)
    _update(predictor, condition, rows, units)
    every, names = condition.every_unit, [unit.name for unit in units]
    asked = np.array([unit.explained for unit in units])
    predictions = _predict(predictor, condition, every, names, thresholds, asked)
    levels = _levels(predictor, condition, units, predictions, thresholds)
    changed = [n for n, unit in enumerate(units) if levels[n].level != unit.level.level]
    late = [n for n in changed if not asked[n]]
    if late:
        chosen = np.array(late, dtype=np.intp)
        again = _predict(predictor, condition, chosen, [names[n] for n in late], thresholds)
        for n, prediction in zip(late, again, strict=True):
            predictions[n] = prediction
    explained = asked.copy()
    explained[changed] = True
    return [
        UnitAnswer(_as_bytes(condition, n), predictions[n], levels[n], bool(explained[n]))
        for n in range(len(units))
    ]


def _levels(
    predictor: Predictor,
    condition: Condition,
    units: Sequence[TrackedUnit],
    predictions: Sequence[Prediction],
    thresholds: Thresholds,
) -> list[LevelState]:
    every, sensors = condition.every_unit, predictor.sensors
    # A sensor that was never there is not installed.
    lost = condition.silent(every) & ~np.isnan(condition.figures[:, :, SEEN_AT])
    stuck, implausible = condition.stuck(every, predictor.lively), condition.implausible(every)
    faulty = np.any(lost | stuck | implausible, axis=1).tolist()
    watched = (condition.hours - condition.settled_since).tolist()
    return [
        next_level(
            unit.level,
            predictions[n],
            thresholds,
            watched_hours=watched[n],
            baseline_hours=sensors.baseline_hours,
            recent_hours=sensors.recent_hours,
            sensor_fault=faulty[n],
        )
        for n, unit in enumerate(units)
    ]


def _condition_of(predictor: Predictor, units: Sequence[TrackedUnit]) -> Condition:
    condition = Condition(predictor.sensors, len(units))
    shape = (len(predictor.sensors.names), FIGURES)
    for index, unit in enumerate(units):
        if unit.condition is not None:
            values = np.frombuffer(unit.condition, dtype="<f8")
            condition.figures[index] = values[:-2].reshape(shape)
            condition.hours[index], condition.begun[index] = values[-2:]
    return condition


def _as_bytes(condition: Condition, index: int) -> bytes:
    ends = [condition.hours[index], condition.begun[index]]
    return np.append(condition.figures[index].ravel(), ends).astype("<f8").tobytes()


def _update(
    predictor: Predictor, condition: Condition, rows: Readings, units: Sequence[TrackedUnit]
) -> None:
    if not len(rows.hours):
        return
    renewed = _first_after_repairs(predictor, rows, units)
    shortest = _SHORTEST_STEP * predictor.sensors.step_hours
    kept = _far_enough(rows, condition.hours, shortest, renewed)
    unit, hours = rows.unit[kept], rows.hours[kept]
    values = predictor.regimes.standardised(rows.values[kept])
    place = np.flatnonzero(kept)
    first = np.searchsorted(unit, condition.every_unit)
    end = np.searchsorted(unit, condition.every_unit, side="right")
    for alive, at in in_step(first, end):
        for row in renewed.keys() & place[at].tolist() if renewed else ():
            condition.renew(int(rows.unit[row]), sorted(renewed[row]), float(rows.hours[row]))
        condition.update(alive, hours[at], values[at])


def _first_after_repairs(
    predictor: Predictor, rows: Readings, units: Sequence[TrackedUnit]
) -> dict[int, set[int]]:
    """The first row after each repair, and the indices of the sensors that begin anew with it."""
    index = {name: n for n, name in enumerate(predictor.sensors.names)}
    found: dict[int, set[int]] = defaultdict(set)
    for n, unit in enumerate(units):
        first, end = np.searchsorted(rows.unit, [n, n + 1]) if unit.repairs else (0, 0)
        for repair in unit.repairs:
            row = int(first + np.searchsorted(rows.hours[first:end], repair.hours, side="right"))
            if row < end:
                found[row] |= {index[name] for name in repair.sensors if name in index}
    return found


def _far_enough(
    rows: Readings, newest: Floats, shortest: float, renewed: Collection[int]
) -> NDArray[np.bool_]:
    """Rows that follow the last row that counts by at least this many hours, shape (rows,).

    The first row after a repair counts, too.
    """
    before = np.append(np.nan, rows.hours[:-1])
    begins = np.append(True, np.diff(rows.unit) != 0)
    before[begins] = newest[rows.unit[begins]]
    with np.errstate(invalid="ignore"):
        if not (rows.hours - before < shortest).any():
            return np.ones(len(rows.hours), dtype=bool)
    kept = np.zeros(len(rows.hours), dtype=bool)
    last = newest.copy()
    for index, (unit, hour) in enumerate(zip(rows.unit, rows.hours, strict=True)):
        if index in renewed or not hour - last[unit] < shortest:
            kept[index] = True
            last[unit] = hour
    return kept


def _predict(
    predictor: Predictor,
    condition: Condition,
    units: NDArray[np.intp],
    names: Sequence[str],
    thresholds: Thresholds,
    explained: NDArray[np.bool_] | None = None,
) -> list[Prediction]:
    if predictor.no_forecast is None:
        rate = thresholds.false_alarms_per_1000_hours
        return predictor.predict(condition, units, names, rate, explained)
    nothing = np.empty((len(names), 0))
    ages = Readings(tuple(names), np.arange(len(names)), condition.hours[units], nothing)
    return lifetime_prior.predictions(
        predictor.profile, ages, predictor.lives, predictor.no_forecast
    )
