"""Reasons for a RUL forecast: hours by sensor that add up to it, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from GAN.prognosis.condition.features import (
    OF_EACH_SENSOR,
    OF_EACH_WEARING_SENSOR,
    OF_THE_UNIT,
)
from GAN.prognosis.condition.sensors import Floats, SensorArrays

#: A sensor is named in the sentence if it takes more than this share of the longest life.
_WORTH_NAMING = 0.02
_MOST_NAMED = 3


@dataclass(frozen=True)
class Reason:
    """What a sensor, or the unit's age, adds to the forecast.

    Attributes:
        sensor: Its name, or `age`.
        hours: Added to the usual forecast; negative if it shortens the RUL.
        used: Share of its way to failure that the sensor has gone; NaN for age.
    """

    sensor: str
    hours: float
    used: float


def hours_by_sensor(parts: Floats, rows: Floats, sensors: SensorArrays) -> Floats:
    """Add the hours of features up by sensor.

    The features of the whole unit go to the sensors that they were taken from.

    Args:
        parts: Hours by feature, shape (n, features).
        rows: The features, shape (n, features).
        sensors: The sensors.

    Returns:
        Shape (n, sensors + 1); the last column is the unit's age. Rows sum to those of `parts`.
    """
    count, wearing = len(sensors.names), sensors.wearing
    n, each = np.arange(len(rows)), len(OF_EACH_SENSOR) * count
    by = np.zeros((len(rows), count + 1))
    by[:, :count] = parts[:, :each].reshape(len(rows), len(OF_EACH_SENSOR), count).sum(axis=1)
    unit = parts[:, -len(OF_THE_UNIT) :]
    by[:, count] = unit[:, 3] + unit[:, 4]
    if not len(wearing):
        by[:, count] += unit[:, :3].sum(axis=1)
        return by
    to_go = parts[:, each : -len(OF_THE_UNIT)]
    by[:, wearing] += to_go.reshape(len(rows), len(OF_EACH_WEARING_SENSOR), -1).sum(axis=1)
    worn = rows[:, wearing]
    order = wearing[np.argsort(-np.where(np.isnan(worn), -np.inf, worn), axis=1, kind="stable")]
    hours = rows[:, each : each + len(wearing)]
    soonest = wearing[np.where(np.isnan(hours), np.inf, hours).argmin(axis=1)]
    by[n, order[:, 0]] += unit[:, 0]
    three = min(3, len(wearing))
    for place in range(three):
        by[n, order[:, place]] += unit[:, 1] / three
    by[n, soonest] += unit[:, 2]
    return by


def reasons(by: Floats, used: Floats, names: Sequence[str]) -> tuple[Reason, ...]:
    """The reasons of one row, the most important first.

    Args:
        by: Hours by sensor and age, shape (sensors + 1,).
        used: Shape (sensors,).
        names: Of the sensors.
    """
    found = [
        Reason(name, hours, share)
        for name, hours, share in zip(
            (*names, "age"), by.tolist(), (*used.tolist(), np.nan), strict=True
        )
    ]
    return tuple(sorted(found, key=lambda reason: -abs(reason.hours)))


def sentence(
    median: float,
    low: float,
    high: float,
    usual: float,
    found: Sequence[Reason],
    longest_life: float,
    unknown: Sequence[str],
) -> str:
    """The reasons in words.

    Args:
        median: RUL, hours.
        low: Start of the 90 % interval, hours.
        high: End of it, hours.
        usual: RUL that is forecast without knowing the unit, hours.
        found: The reasons.
        longest_life: Hours.
        unknown: What the predictor does not know; said first.
    """
    shortening = [
        f"{reason.sensor} ({100 * reason.used:.0f} % of its way to failure) takes "
        f"{-reason.hours:.0f} h"
        for reason in found
        if reason.hours < -_WORTH_NAMING * longest_life and not np.isnan(reason.used)
    ]
    why = "; ".join(shortening[:_MOST_NAMED]) or "no sensor shortens the usual life"
    forecast = f"About {median:.0f} h left, with 90 % probability {low:.0f} to {high:.0f} h"
    text = f"{forecast}: {why} (usual: {usual:.0f} h)."
    return " ".join([*(f"{each}." for each in unknown), text])
