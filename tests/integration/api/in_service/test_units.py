"""Units in service over HTTP: their levels, forecasts and alerts."""

from __future__ import annotations

import pytest

from actors.runtime.execution.outcomes import write_outcome
from actors.runtime.stage_process import Failed
from api.dependencies import pagination
from storage.database import execute, transaction
from tests.integration.api.in_service.batches import READINGS, UNIT, as_json
from tests.integration.serving import Http, claimed
from tests.integration.telemetry.plant import Plant


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


@pytest.mark.parametrize(
    "place", [(2**70, 1.0, "a", "b"), (0, 1.0, "a\0", "b"), (0, -1.0, "a", "b")]
)
def test_a_forged_cursor_is_refused(http: Http, plant: Plant, place: tuple[object, ...]) -> None:
    forged = pagination.cursor("urgency", *place)
    assert http.get("/api/gan/units", params={"cursor": forged}).status_code == 422
    assert plant.count("units") == 0


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
