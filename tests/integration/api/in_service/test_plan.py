"""A maintenance plan over HTTP."""

from __future__ import annotations

from tests.integration.api.in_service.batches import READINGS, as_json
from tests.integration.serving import Http
from tests.integration.telemetry.plant import Plant


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
