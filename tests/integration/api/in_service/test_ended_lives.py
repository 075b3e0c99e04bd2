"""Failures, maintenance and repairs over HTTP."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.integration.api.in_service.batches import READINGS, UNIT, as_json
from tests.integration.serving import Http
from tests.integration.telemetry.plant import HOUR, Plant


def test_a_failure_ends_the_life_and_the_next_one_knows_nothing_of_it(
    http: Http, plant: Plant
) -> None:
    plant.train()
    life = as_json(plant, 1_000)
    http.post(READINGS, json=life)
    plant.work()
    assert http.get("/api/gan/alerts", params={"open": True}).json()["items"] != []
    ended_at = life[-1]["at"] + HOUR
    ended = http.post(f"{UNIT}/failures", json={"at": ended_at, "mode": "bearing"})
    assert (ended.status_code, ended.json()["life"]) == (202, 1)
    plant.work()
    unit = http.get(UNIT).json()
    assert (unit["life"], unit["level"], unit["began_at"]) == (2, "no_forecast", ended_at)
    assert http.get("/api/gan/alerts", params={"open": True}).json()["items"] == []
    assert http.get("/api/gan/alerts").json()["items"][0]["cleared_by"] == "failure"
    artifacts = http.get("/api/gan/machines/press_1").json()["artifacts"]
    (key,) = [one["key"] for one in artifacts if "lives" in one["key"]]
    table = pd.read_parquet(plant.settings.home / next_staged(plant, key))
    assert len(table) == len(life)
    assert table["rul_hours"].iloc[-1] == pytest.approx(1.0)
    assert set(table["failure_mode"]) == {"bearing"}
    again = http.post(f"{UNIT}/failures", json={"at": ended_at, "mode": "bearing"})
    assert again.status_code == 409
    fresh = [{**row, "at": row["at"] + ended_at - plant.now + 60_000} for row in as_json(plant, 5)]
    assert http.post(READINGS, json=fresh).json()["taken"] == 5
    plant.work()
    assert http.get(UNIT).json()["prediction"]["age_hours"] < 10


def next_staged(plant: Plant, key: str) -> str:
    from storage.artifacts.registry import of_machine

    return of_machine("press_1")[key].staged_key


def test_after_maintenance_the_rul_of_the_life_is_not_known(http: Http, plant: Plant) -> None:
    plant.train()
    life = as_json(plant, 50)
    http.post(READINGS, json=life)
    at = life[29]["at"]
    assert http.post(f"{UNIT}/maintenance", json={"at": at, "note": "new bearing"}).is_success
    plant.work()
    table = pd.read_parquet(
        plant.settings.home / next_staged(plant, "GAN/data/lives/press_1/1_life1.parquet")
    )
    assert len(table) == 30
    assert table["rul_hours"].isna().all()
    # What came after it belongs to the new life.
    assert http.get(UNIT).json()["prediction"]["age_hours"] == pytest.approx(
        (life[49]["at"] - at) / HOUR
    )


def test_a_repair_is_reported(http: Http, plant: Plant) -> None:
    http.post(READINGS, json=as_json(plant, 3))
    at = plant.now + HOUR
    done = http.post(f"{UNIT}/repairs", json={"at": at, "sensors": ["vibration"]})
    assert done.status_code == 202
    assert done.json() | {"at": at} == {
        "machine_id": "press_1",
        "unit": "1",
        "life": 1,
        "at": at,
        "sensors": ["vibration"],
    }
    assert http.post(f"{UNIT}/repairs").json()["errors"][0]["path"] == "sensors"


def test_a_report_that_cannot_be_is_refused(http: Http, plant: Plant) -> None:
    http.post(READINGS, json=as_json(plant, 3))
    wrong = http.post(f"{UNIT}/failures", json={"at": 2**52, "mode": "baering"})
    assert [error["path"] for error in wrong.json()["errors"]] == ["at", "mode"]
    assert "write bearing" in wrong.text
    assert http.post(f"{UNIT}2/failures").status_code == 404
    assert http.post(f"{UNIT}/failures", json={"at": plant.now - 1}).status_code == 409
