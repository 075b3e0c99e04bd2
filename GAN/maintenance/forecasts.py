"""Forecasts of units in service, from their newest predictions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from GAN.maintenance.request import UnitForecast
from GAN.prognosis.heads.error_distribution import LEVELS

_LIVES = 200


def forecast_of(
    machine_id: str, unit: str, predicted_at_ms: int, prediction: Mapping[str, Any]
) -> UnitForecast:
    """What a plan needs of a unit.

    Args:
        machine_id: Its machine type.
        unit: Its name.
        predicted_at_ms: Time of the reading that the prediction was made at, ms since 1970.
        prediction: As `GAN.prognosis.prediction.Prediction.as_json` has it.
    """
    return UnitForecast(
        machine_id=machine_id,
        unit=unit,
        age_hours=prediction["age_hours"],
        rul_hours=prediction["rul_quantiles"],
        forecast_at=datetime.fromtimestamp(predicted_at_ms / 1000, UTC),
    )


def lifetimes_of(prior: Mapping[str, Any]) -> list[float]:
    """Lifetimes of a machine type, hours, ascending: equally likely ones.

    Args:
        prior: The prediction of a new unit, whose RUL is a lifetime.
    """
    shares = (np.arange(_LIVES) + 0.5) / _LIVES
    found: list[float] = np.interp(shares, LEVELS, prior["rul_quantiles"]).tolist()
    return found
