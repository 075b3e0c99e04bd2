"""The level of a unit: how urgent it is, from its prediction.

A level rises at once. It falls when what raised it has been well below its threshold for a while
(hysteresis and dwell, as in ISA-18.2), so that an interval that moves to and fro raises one alert.
"""

from __future__ import annotations

from dataclasses import dataclass

from GAN.config.thresholds import Thresholds
from GAN.prognosis.heads.novelty import CLEARED_AT
from GAN.prognosis.prediction import Prediction

#: The levels, the most urgent last. The first one means that nothing is wrong.
LEVELS = ("healthy", "watch", "warning", "alarm")
WATCH, WARNING, ALARM = 1, 2, 3

#: What a level comes from.
NOVELTY, SENSOR_FAULT = "unusual readings", "sensor fault"
FAILURE_PLANNING, FAILURE_24H = "failure in planning time", "failure in 24 h"

#: A warning or alarm falls below this share of its threshold.
_HELD_AT = 0.5


@dataclass(frozen=True)
class LevelState:
    """The level of a unit and since when it has had no cause.

    Attributes:
        level: Index into `LEVELS`.
        calm_since: Hours in service; None while the cause goes on.
        cause: What the level comes from; empty for a healthy unit.
    """

    level: int = 0
    calm_since: float | None = None
    cause: str = ""


def next_level(
    before: LevelState,
    prediction: Prediction,
    thresholds: Thresholds,
    *,
    watched_hours: float,
    baseline_hours: float,
    recent_hours: float,
    sensor_fault: bool,
) -> LevelState:
    """The level after a prediction.

    Args:
        before: The level before it.
        prediction: The prediction.
        thresholds: Where levels begin.
        watched_hours: Hours since the unit's first reading.
        baseline_hours: Novelty counts after them: only then the healthy baseline is known.
        recent_hours: No level rises before them, because noise makes steep slopes of the first few
            readings. A level stays for as long after its cause has gone.
        sensor_fault: Whether a sensor has become silent or stuck, or sends impossible readings.
    """
    if watched_hours < recent_hours:
        return before
    causes = _causes(prediction, thresholds, watched_hours > baseline_hours, sensor_fault)
    raised = max((level for level, strength, _ in causes if strength >= 1.0), default=0)
    if raised > before.level:
        return LevelState(raised, None, _cause(causes, raised))
    held = max((level for level, strength, least in causes if strength >= least), default=0)
    if held >= before.level:
        return LevelState(before.level, None, _cause(causes, before.level) or before.cause)
    since = prediction.age_hours if before.calm_since is None else before.calm_since
    if prediction.age_hours - since < recent_hours:
        return LevelState(before.level, since, before.cause)
    return LevelState(held, None, _cause(causes, held))


def _causes(
    prediction: Prediction, thresholds: Thresholds, settled: bool, sensor_fault: bool
) -> list[tuple[int, float, float]]:
    """Level, strength (1 at the threshold) and the least strength that holds it."""
    novelty = 0.0
    if settled and prediction.novelty is not None and prediction.novelty_limit:
        novelty = prediction.novelty / prediction.novelty_limit
    planning = 1.0 - prediction.probabilities["healthy"]
    return [
        (WATCH, 1.0 if sensor_fault else 0.0, 1.0),
        (WATCH, novelty, CLEARED_AT),
        (WARNING, planning / thresholds.warning, _HELD_AT),
        (ALARM, prediction.probability_24h / thresholds.alarm, _HELD_AT),
    ]


def _cause(causes: list[tuple[int, float, float]], level: int) -> str:
    names = (SENSOR_FAULT, NOVELTY, FAILURE_PLANNING, FAILURE_24H)
    found = [
        name
        for name, (its_level, strength, least) in zip(names, causes, strict=True)
        if its_level == level and strength >= least
    ]
    return found[-1] if found else ""
