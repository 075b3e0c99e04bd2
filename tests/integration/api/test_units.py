"""Readings, units and alerts over HTTP."""

from __future__ import annotations

import io
import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from actors.runtime.execution.outcomes import write_outcome
from actors.runtime.stage_process import Failed
from api.dependencies import pagination
from GAN.config.limits import MAX_BATCH_ROWS
from storage.database import execute, transaction
from tests.integration.serving import Http, claimed
from tests.integration.telemetry.plant import HOUR, Plant

READINGS = "/api/gan/machines/press_1/readings"
UNIT = "/api/gan/machines/press_1/units/1"


@pytest.fixture
def plant(http: Http) -> Plant:
    found = Plant(http.service.settings)
    found.add_machine()
    return found


def as_json(plant: Plant, hours: int = 40, unit: str = "1") -> list[dict[str, Any]]:
    return [
        {"machine": "press_1", "unit": row.unit, "at": row.at, "readings": row.values}
        for row in plant.life(unit)[:hours]
    ]


def test_one_call_gives_the_fleet_the_most_urgent_unit_first(http: Http, plant: Plant) -> None:
    plant.add_machine("press_2")
    plant.train()
    plant.train(machine_id="press_2")
    sent = {"readings": [*as_json(plant, 20), *as_json(plant, 1_000, "worn")]}
    answer = http.post("/api/gan/readings", json=sent)
    assert answer.status_code == 202, answer.text
    assert answer.json()["taken"] == len(sent["readings"])
    plant.work()
    items = http.get("/api/gan/units").json()["items"]
    assert [(u["machine_id"], u["unit"], u["level"]) for u in items] == [
        ("press_1", "worn", "alarm"),
        ("press_2", None, "no_forecast"),
        ("press_1", "1", "healthy"),
    ]
    worn, new, healthy = items
    assert worn["prediction"]["rul_hours"] < healthy["prediction"]["rul_hours"]
    assert worn["prediction"]["outlook"][0]["sensor"] == "vibration"
    assert sum(worn["prediction"]["probabilities"].values()) == pytest.approx(1)
    assert worn["prediction"]["novelty"] > worn["prediction"]["novelty_limit"]
    assert (new["why"], new["prediction"]["based_on"]) == (
        "no readings yet",
        "lifetimes of the type",
    )
    assert http.get("/api/gan/units", params={"level": "alarm"}).json()["items"] == [worn]
    assert http.get(f"{UNIT[:-1]}worn").json() == worn


def test_pages_of_units_have_each_once(http: Http, plant: Plant) -> None:
    plant.train()
    for unit in ("a", "b", "c"):
        plant.send(plant.life(unit)[:5])
    plant.work()
    found, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = http.get("/api/gan/units", params=query).json()
        found += [unit["unit"] for unit in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == ["a", "b", "c"]


def test_units_say_why_there_is_no_forecast(http: Http, plant: Plant) -> None:
    http.post(READINGS, json=as_json(plant, 3))
    (unit,) = http.get("/api/gan/units").json()["items"]
    assert (unit["level"], unit["why"], unit["prediction"]) == (
        "no_forecast",
        "no predictor yet",
        None,
    )


def test_a_predictor_that_was_changed_on_disk_is_refused_and_the_units_say_so(
    http: Http, plant: Plant
) -> None:
    from errors import ArtifactCorrupt

    plant.train()
    http.post(READINGS, json=as_json(plant, 20))
    plant.work()
    (file,) = plant.settings.home.rglob("*.staged/**/*_v1.zip")
    right = file.read_bytes()
    file.write_bytes(right[:-1] + b"x")
    http.post(READINGS, json=as_json(plant, 30)[20:])
    (job_id,) = plant.open_jobs()
    claim = claimed(job_id)
    with pytest.raises(ArtifactCorrupt) as error:
        plant.finished(claim)
    write_outcome(claim, Failed(str(error.value), retryable=False, details=""))
    unit = http.get(UNIT).json()
    assert (unit["level"], "the prediction failed" in unit["why"]) == ("no_forecast", True)
    # The readings wait, and batches ask again after a while.
    file.write_bytes(right)
    http.post(READINGS, json=as_json(plant, 30))
    assert plant.open_jobs() == []
    with transaction():
        execute("UPDATE jobs SET completed_at = completed_at - 700000")
    http.post(READINGS, json=as_json(plant, 31)[30:])
    plant.work()
    unit = http.get(UNIT).json()
    assert (unit["level"], unit["predicted_at"]) == ("healthy", unit["seen_at"])


def test_the_four_forms_of_readings_say_the_same(http: Http, plant: Plant) -> None:
    rows = as_json(plant, 6)
    table = pd.DataFrame([{"unit": r["unit"], "at": r["at"], **r["readings"]} for r in rows])
    packed = io.BytesIO()
    table.to_parquet(packed, index=False)
    forms = {
        "application/json": json.dumps({"readings": rows}).encode(),
        "application/x-ndjson": "\n".join(map(json.dumps, rows)).encode(),
        "text/csv": table.to_csv(index=False).encode(),
        "application/vnd.apache.parquet": packed.getvalue(),
    }
    counts = []
    for media_type, body in forms.items():
        answer = http.post(READINGS, content=body, headers={"Content-Type": media_type}).json()
        counts.append((answer["taken"], answer["known"], answer["problems"]))
    assert counts == [(6, 0, []), *[(0, 6, [])] * 3]


@pytest.mark.parametrize(
    ("media_type", "body", "detail"),
    [
        ("application/json", b"{", "not JSON"),
        ("application/json", b"[]", "no rows"),
        ("application/json", b'{"readings": 3}', "no list of readings"),
        ("application/json", b'[{"at": 1, "values": {}}]', "unknown field 'values'"),
        ("application/x-ndjson", b"nonsense\n", "line 1: not JSON"),
        ("text/csv", b"vibration\n1\n", "no column of times"),
        ("text/csv", b"at,vibration,vibration\n1,2,3\n", "two columns are named 'vibration'"),
        ("text/csv", b"at,vibration\n2026-01-31 12:00:00,1.5\n", "is not a time"),
        ("text/csv", b"at,vibration\n1790000000,1.5\n", "write ms since 1970, not s"),
        ("application/vnd.apache.parquet", b"PAR1", "not Parquet"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    http: Http, plant: Plant, media_type: str, body: bytes, detail: str
) -> None:
    answer = http.post(READINGS, content=body, headers={"Content-Type": media_type})
    assert answer.status_code == 422
    assert detail in str(answer.json())
    assert plant.count("units") == 0


@pytest.mark.parametrize(
    "column",
    [
        pa.array([10**14], pa.timestamp("s", "UTC")),
        pa.array([1_700_000_000], pa.timestamp("s", "Nowhere/X")),
    ],
)
def test_times_that_no_clock_shows_are_refused(http: Http, plant: Plant, column: pa.Array) -> None:
    body = io.BytesIO()
    parquet.write_table(pa.table({"at": column, "vibration": [1.5]}), body)
    media_type = {"Content-Type": "application/vnd.apache.parquet"}
    assert http.post(READINGS, content=body.getvalue(), headers=media_type).status_code == 422
    assert plant.count("readings") == 0


def test_a_small_file_that_unpacks_to_much_is_refused(http: Http, plant: Plant) -> None:
    body = io.BytesIO()
    table = pa.table({"at": ["x" * 1_000_000] * 500, "vibration": [1.5] * 500})
    parquet.write_table(table, body)
    assert len(body.getvalue()) < 8_000_000
    media_type = {"Content-Type": "application/vnd.apache.parquet"}
    answer = http.post(READINGS, content=body.getvalue(), headers=media_type)
    assert (answer.status_code, "too large" in answer.text) == (422, True)
    assert plant.count("readings") == 0


@pytest.mark.parametrize(
    "place", [(2**70, 1.0, "a", "b"), (0, 1.0, "a\0", "b"), (0, -1.0, "a", "b")]
)
def test_a_forged_cursor_is_refused(http: Http, plant: Plant, place: tuple[object, ...]) -> None:
    forged = pagination.cursor("urgency", *place)
    assert http.get("/api/gan/units", params={"cursor": forged}).status_code == 422
    assert plant.count("units") == 0


def test_a_batch_that_is_too_large_is_refused(http: Http, plant: Plant) -> None:
    lines = "at,vibration\n" + "1790000000000,1\n" * (MAX_BATCH_ROWS + 1)
    answer = http.post(READINGS, content=lines, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, "send several batches" in answer.text) == (422, True)
    large = http.post(READINGS, content=b"x" * 8_000_001, headers={"Content-Type": "text/csv"})
    assert large.status_code == 413
    assert plant.count("readings") == 0


def test_a_repeated_request_gets_the_first_answer(http: Http, plant: Plant) -> None:
    headers = {"Idempotency-Key": "batch-1"}
    first = http.post(READINGS, json=as_json(plant, 4), headers=headers)
    again = http.post(READINGS, json=as_json(plant, 4), headers=headers)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"


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


def test_a_report_that_cannot_be_is_refused(http: Http, plant: Plant) -> None:
    http.post(READINGS, json=as_json(plant, 3))
    wrong = http.post(f"{UNIT}/failures", json={"at": 2**52, "mode": "baering"})
    assert [error["path"] for error in wrong.json()["errors"]] == ["at", "mode"]
    assert "write bearing" in wrong.text
    assert http.post(f"{UNIT}2/failures").status_code == 404
    assert http.post(f"{UNIT}/failures", json={"at": plant.now - 1}).status_code == 409


def test_an_alert_is_acknowledged_once(http: Http, plant: Plant) -> None:
    plant.train()
    http.post(READINGS, json=as_json(plant, 1_000))
    plant.work()
    (alert,) = http.get("/api/gan/alerts", params={"open": True}).json()["items"]
    assert (alert["level"], alert["machine_id"], alert["unit"]) == ("alarm", "press_1", "1")
    address = f"/api/gan/alerts/{alert['id']}/acknowledge"
    seen = http.post(address, json={"note": "on Sunday"}).json()
    assert (seen["acknowledged_by"], seen["note"]) == ("anyone", "on Sunday")
    assert http.post(address).status_code == 409
    assert http.post("/api/gan/alerts/999/acknowledge").status_code == 404


def test_earlier_predictions_have_their_reasons_and_are_paged(http: Http, plant: Plant) -> None:
    plant.train()
    life = as_json(plant, 30)
    for place in range(0, 30, 10):
        http.post(READINGS, json=life[place : place + 10])
        plant.work()
    first = http.get(f"{UNIT}/predictions", params={"limit": 2}).json()
    assert [item["predicted_at"] for item in first["items"]] == [life[29]["at"], life[19]["at"]]
    assert first["items"][0]["explanation"]["sentence"]
    assert first["items"][0]["predictor_version"] == 1
    rest = http.get(f"{UNIT}/predictions", params={"cursor": first["next_cursor"]}).json()
    assert [item["predicted_at"] for item in rest["items"]] == [life[9]["at"]]
    since = http.get(f"{UNIT}/predictions", params={"since": life[29]["at"]}).json()
    assert len(since["items"]) == 1


def test_one_request_predicts_all_units_again(http: Http, plant: Plant) -> None:
    plant.add_machine("press_2")
    plant.train()
    plant.train(machine_id="press_2")
    http.post(READINGS, json=as_json(plant, 10))
    plant.work()
    tasks = http.post("/api/gan/predictions", json={"machine_ids": "all"}).json()["items"]
    assert [task["machine_id"] for task in tasks] == ["press_1"]
    assert plant.work() == 1
    assert http.post("/api/gan/predictions", json={"machine_ids": ["nope"]}).status_code == 404


def test_recurring_events_are_listed_when_they_are_asked_for(http: Http, plant: Plant) -> None:
    plant.train()
    http.post(READINGS, json=as_json(plant, 10))
    plant.work()
    kinds = {event["type"] for event in http.get("/api/events").json()["items"]}
    assert "PredictionsMade" not in kinds
    every = http.get("/api/events", params={"recurring": True}).json()["items"]
    assert {event["type"] for event in every} >= {"ReadingsArrived", "PredictionsMade"}
    made = http.get("/api/events", params={"type": "PredictionsMade"}).json()["items"]
    assert [event["payload"]["rows"] for event in made] == [10]


def test_a_plan_stops_the_worn_unit_and_says_why(http: Http, plant: Plant) -> None:
    plant.train()
    http.post(READINGS, json=[*as_json(plant, 20), *as_json(plant, 90, "worn")])
    plant.work()
    asked = {"window": "sunday 06:00-14:00, 1 units", "weeks": 2, "failure_cost": 20}
    plan = http.get("/api/gan/plan", params=asked)
    assert plan.status_code == 200, plan.text
    found = plan.json()
    assert len(found["stops"]) + len(found["left_out"]) == 2
    costs = {rule["rule"]: rule["expected_cost"] for rule in found["rules"]}
    assert set(costs) == {"run to failure", "fixed age", "threshold"}
    assert all(found["expected_cost"] <= cost + 1e-9 for cost in costs.values())
    table = http.get("/api/gan/plan", params=asked | {"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert len(table.text.splitlines()) == 3
    calendar = http.get("/api/gan/plan", params=asked | {"format": "ics"})
    assert calendar.text.startswith("BEGIN:VCALENDAR")


def test_a_plan_that_cannot_be_made_says_what_to_write(http: Http, plant: Plant) -> None:
    window = {"window": "sunday 06:00-14:00"}
    nothing = http.get("/api/gan/plan", params=window)
    assert (nothing.status_code, "send readings first" in nothing.text) == (422, True)
    plant.train()
    http.post(READINGS, json=as_json(plant, 20))
    plant.work()
    for wrong in ({"window": "someday"}, window | {"zone": "Mars/Olympus"}, {}):
        assert http.get("/api/gan/plan", params=wrong).status_code == 422
    assert http.get("/api/gan/plan", params=window | {"machine_id": "press_9"}).status_code == 404
