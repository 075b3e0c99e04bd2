"""The newest predictions of units in service, for plans."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from storage.database import execute, reading


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """A unit and its newest prediction.

    Attributes:
        predicted_at: Time of the reading that it was made at, ms since 1970.
    """

    machine_id: str
    unit: str
    predicted_at: int
    prediction: dict[str, Any]


def newest(machine_ids: Collection[str], limit: int) -> list[ForecastRow]:
    """The newest prediction of each unit, those with the shortest RUL first.

    Args:
        machine_ids: Only units of these machines; empty: of all.
        limit: Maximum number of units.
    """
    where, names = _of(machine_ids)
    with reading():
        rows = execute(
            f"SELECT machine_id, unit, predicted_at, latest FROM units WHERE latest IS NOT NULL"
            f"{where} ORDER BY rul_hours, id LIMIT :most",
            most=limit,
            **names,
        )
    return [ForecastRow(machine, unit, at, json.loads(said)) for machine, unit, at, said in rows]


def priors(machine_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The prediction of a new unit of each machine, by the version that is live.

    Args:
        machine_ids: Only of these machines; empty: of all.
    """
    where, names = _of(machine_ids)
    with reading():
        rows = execute(
            f"SELECT machine_id, prior FROM predictors WHERE live AND prior IS NOT NULL{where}",
            **names,
        )
    return {machine_id: json.loads(prior) for machine_id, prior in rows}


def _of(machine_ids: Collection[str]) -> tuple[str, dict[str, str]]:
    names = {f"machine_{number}": name for number, name in enumerate(machine_ids)}
    listed = ", ".join(f":{name}" for name in names)
    return (f" AND machine_id IN ({listed})" if names else ""), names
