"""The prediction of a unit: all four types in one object, as a table row or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson

from GAN.prognosis.heads.explanation import Reason
from GAN.prognosis.heads.similar_lives import SimilarLife

if TYPE_CHECKING:
    import pandas as pd

#: The planning horizon, as a share of the longest life.
PLANNING_SHARE = 0.1

#: What a prediction is based on.
READINGS, LIFETIMES = "readings", "lifetimes of the type"


@dataclass(frozen=True)
class SensorOutlook:
    """The forecast of one sensor, in its unit.

    Attributes:
        hours: How far ahead, shape (horizons,).
        low: 5 % quantiles; likewise `median` and `high`, the 95 % quantiles.
        hours_to_alarm: Hours until the median reaches the alarm value: 0 if it is beyond it, None
            if it does not reach it within the longest horizon.
    """

    sensor: str
    hours: tuple[float, ...]
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]
    hours_to_alarm: float | None


#: What only those predictions have that are explained.
EXPLANATION = ("sentence", "usual_hours", "reasons", "similar_lives", "outlook")


@dataclass(frozen=True)
class Prediction:
    """What is known of a unit at its newest reading. Times are in hours.

    Attributes:
        unit: The unit; empty if there are no readings.
        age_hours: Hours in service at the newest reading.
        based_on: `READINGS`, or `LIFETIMES` without readings or without a predictor.
        rul_hours: Median of the remaining useful life.
        rul_low_hours: Start of the 90 % interval.
        rul_high_hours: End of it.
        rul_quantiles: Quantiles of the RUL at `error_distribution.LEVELS`, ascending.
        probability_24h: Probability of failure within 24 hours.
        planning_hours: The planning horizon, a tenth of the longest life.
        probabilities: Of `healthy` and of each failure mode within the planning horizon; sum to 1.
        novelty: How far the unit strays from its healthy start; 1 is usual.
        novelty_limit: Above it novelty is an alarm, at the accepted rate of false alarms.
        strangeness: Share of past rows that are nearer to past lives; above .95 the predictor does
            not know this condition.
        widened: Factor by which the interval was widened for that.
        health: Health index from 100 (new) to 0; None without a wearing sensor.
        silent_sensors: Sensors without a recent reading.
        stuck_sensors: Sensors that repeat one reading.
        outlook: Forecast of each wearing sensor. It is empty if no explanation was asked for, like
            the next four.
        reasons: Hours that each sensor and age add to the usual forecast; the sum is the forecast.
        usual_hours: The usual forecast.
        similar_lives: Past lives that were once in a similar condition.
        sentence: The reasons in words.
    """

    unit: str
    age_hours: float
    based_on: str
    rul_hours: float
    rul_low_hours: float
    rul_high_hours: float
    rul_quantiles: tuple[float, ...]
    probability_24h: float
    planning_hours: float
    probabilities: dict[str, float]
    novelty: float | None = None
    novelty_limit: float | None = None
    strangeness: float | None = None
    widened: float = 1.0
    health: float | None = None
    silent_sensors: tuple[str, ...] = ()
    stuck_sensors: tuple[str, ...] = ()
    outlook: tuple[SensorOutlook, ...] = ()
    reasons: tuple[Reason, ...] = ()
    usual_hours: float | None = None
    similar_lives: tuple[SimilarLife, ...] = ()
    sentence: str = ""

    def as_json(self) -> dict[str, Any]:
        """The prediction with built-in types only; numbers that are not finite become None."""
        found: dict[str, Any] = orjson.loads(self.as_text())
        return found

    def as_text(self) -> str:
        """The same as JSON text."""
        return orjson.dumps(self).decode()

    def forecast_text(self) -> str:
        """The prediction without its explanation, as JSON text."""
        short = {name: value for name, value in vars(self).items() if name not in EXPLANATION}
        return orjson.dumps(short).decode()

    def explanation_text(self) -> str:
        """Its explanation, as JSON text."""
        return orjson.dumps({name: getattr(self, name) for name in EXPLANATION}).decode()

    def as_row(self) -> dict[str, Any]:
        """The prediction as one row of a table, with a column for each number and text."""
        row = {
            name: value
            for name, value in asdict(self).items()
            if isinstance(value, str | float) or value is None
        }
        row |= {f"probability_{name}": value for name, value in self.probabilities.items()}
        row |= {
            "silent_sensors": ", ".join(self.silent_sensors),
            "stuck_sensors": ", ".join(self.stuck_sensors),
        }
        for each in self.outlook:
            row[f"{each.sensor}_hours_to_alarm"] = each.hours_to_alarm
            for hours, low, median, high in zip(
                each.hours, each.low, each.median, each.high, strict=True
            ):
                ahead = f"{each.sensor}_in_{hours:g}h"
                row |= {f"{ahead}_low": low, ahead: median, f"{ahead}_high": high}
        return row


def table(predictions: Sequence[Prediction]) -> pd.DataFrame:
    """Predictions as a table, one row for each unit."""
    import pandas as pd

    return pd.DataFrame([prediction.as_row() for prediction in predictions])
