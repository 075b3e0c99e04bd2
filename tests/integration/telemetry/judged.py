"""Predictions, alerts and ends of lives, written as a test wants them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from events.bus import request
from events.lives import end_life
from events.vocabulary import PredictorRequested
from storage.artifacts.staging import StagedArtifact
from storage.database import execute, transaction
from storage.ledger import leases
from storage.telemetry.lives import EndedBy, Ending
from tests.integration.conftest import record
from tests.integration.serving import claimed
from tests.integration.telemetry.plant import HOUR, Plant


def end(plant: Plant, hour: float, by: EndedBy = EndedBy.FAILURE, **more: Any) -> None:
    unit = more.pop("unit", "1")
    machine_id = more.pop("machine_id", "press_1")
    ending = Ending(machine_id, unit, plant.now + round(hour * HOUR), by, **more)
    end_life(ending, plant.sent.extend, "test")


def say(
    plant: Plant, hour: float, level: str, rul: Sequence[float] = (10, 20, 30), **more: Any
) -> None:
    """A kept prediction of unit 1 at an hour; `rul` is low, median, high."""
    facts = {"unit": "1", "life": 1, "machine_id": "press_1", "version": None} | more
    low, median, high = rul
    at = plant.now + round(hour * HOUR)
    with transaction():
        execute(
            """INSERT INTO predictions (machine_id, unit_id, life, predictor_id, level,
                failure_class, rul_hours, rul_low_hours, rul_high_hours, predicted_at, created_at)
            SELECT machine_id, id, :life, (
                SELECT id FROM predictors WHERE machine_id = :machine_id AND version = :version
            ), :level, 'bearing', :median, :low, :high, :at, :at
            FROM units WHERE machine_id = :machine_id AND unit = :unit""",
            level=level,
            low=low,
            median=median,
            high=high,
            at=at,
            **facts,
        )


def warn(plant: Plant, hour: float, cleared_by: str | None = None, **more: Any) -> None:
    """An alert of unit 1 that was a warning at an hour."""
    facts = {"unit": "1", "life": 1, "machine_id": "press_1", "level": "warning"} | more
    at = plant.now + round(hour * HOUR)
    with transaction():
        execute(
            """INSERT INTO alerts (machine_id, unit_id, life, level, cause, sentence, reading_at,
                raised_at, cleared_at, cleared_by)
            SELECT machine_id, id, :life, :level, '', '', :at, :at, :cleared_at, :cleared_by
            FROM units WHERE machine_id = :machine_id AND unit = :unit""",
            at=at,
            cleared_at=None if cleared_by is None else at,
            cleared_by=cleared_by,
            **facts,
        )


def add_version(plant: Plant, version: int, planning_hours: float = 50.0) -> None:
    """A version of a predictor that cannot predict, and is live."""
    asked = PredictorRequested(machine_id="press_1")
    claim = claimed(request(asked, plant.sent.extend, "cli").jobs[0].job_id)
    key = f"GAN/press_1_v{version}.zip"
    payload = {
        "predictor_key": key,
        "version": version,
        "learnt_from": "simulated lives",
        "units": 30,
        "scores": {},
        "training_time_seconds": 2.5,
    }
    file = StagedArtifact(key, f".staged/{claim.job_id}.1/{key}", f"{version}" * 64, 9)
    leases.complete(claim, record("PredictorTrained", "press_1", payload), [file])
    with transaction():
        execute(
            "UPDATE predictors SET prior = :prior, live = (version = :version)",
            prior=json.dumps({"planning_hours": planning_hours}),
            version=version,
        )
