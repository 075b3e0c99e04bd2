"""Batches of readings of a machine's unit, as clients send them."""

from __future__ import annotations

from typing import Any

from tests.integration.telemetry.plant import Plant

READINGS = "/api/gan/machines/press_1/readings"
UNIT = "/api/gan/machines/press_1/units/1"


def as_json(plant: Plant, hours: int = 40, unit: str = "1") -> list[dict[str, Any]]:
    return [
        {"machine": "press_1", "unit": row.unit, "at": row.at, "readings": row.values}
        for row in plant.life(unit)[:hours]
    ]
