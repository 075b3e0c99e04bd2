"""`/ws/fleet?v=2`: machines and units as REST has them; on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from actors.runtime.execution.outcomes import write_outcome
from actors.runtime.stage_process import Failed
from actors.stage import STAGES
from api.live import fleet_states
from events.bus import new_event
from events.vocabulary import (
    MachineOnboarded,
    ModelTrained,
    RetrainRequested,
    SeedReady,
    SyntheticDataReady,
)
from GAN.layout import seed_key
from storage.database import execute, transaction
from storage.ledger import leases
from storage.ledger.workers import beat
from storage.operations import control
from storage.queries import jobs
from storage.tables import Machine
from tests.integration.api.live.page import Page
from tests.integration.conftest import add_machine
from tests.integration.serving import Http, claimed
from tests.integration.telemetry.plant import HOUR, Plant

pytestmark = pytest.mark.usefixtures("often")


def shown_by_rest(http: Http) -> dict[tuple[str, str | None], dict[str, Any]]:
    """What REST says of the same units, in the words of the socket."""
    found = {}
    for unit in http.get("/api/gan/units").json()["items"]:
        said = unit.pop("prediction") or {}
        modes = {m: p for m, p in said.get("probabilities", {}).items() if m != "healthy"}
        mode = max(modes, key=modes.__getitem__) if modes else None
        names = ("life", "level", "level_since", "seen_at", "received_at", "predicted_at")
        names += ("alert_id", "predictor_version", "why")  # type: ignore[assignment]
        shown = {name: unit[name] for name in names} | {
            "mode": mode,
            "mode_probability": modes.get(mode) if mode else None,
        }
        shown |= {name: said.get(name) for name in fleet_states.SHOWN}
        found[unit["machine_id"], unit["unit"]] = {
            name: value for name, value in shown.items() if value not in (None, "")
        }
    return found


def agrees(page: Page, http: Http) -> bool:
    """Whether the page shows the units as REST does."""
    extra = ("machine_id", "unit", "seq", "cadence_ms", "learnt_from")
    shown = {
        key: {name: value for name, value in unit.items() if name not in extra}
        for key, unit in page.units.items()
    }
    return shown == shown_by_rest(http)


@pytest.mark.usefixtures("never_whole")
def test_units_are_shown_as_rest_shows_them_from_new_to_failed(
    http: Http, plant: Plant, page: Page
) -> None:
    plant.add_machine()
    page.until(lambda: "press_1" in page.machines)
    assert page.units == {}
    plant.train()
    page.until(lambda: ("press_1", None) in page.units)
    new = page.units["press_1", None]
    assert (new["based_on"], new["why"]) == ("lifetimes of the type", "no readings yet")
    assert agrees(page, http)
    plant.send([*plant.life("worn"), *plant.life("young")[:20]])
    page.until(lambda: ("press_1", "worn") in page.units and ("press_1", None) not in page.units)
    plant.work()
    page.until(lambda: page.units["press_1", "worn"].get("level") == "alarm")
    page.until(lambda: agrees(page, http))
    worn = page.units["press_1", "worn"]
    assert worn["mode"]
    assert worn["rul_low_hours"] <= worn["rul_hours"] <= worn["rul_high_hours"]
    assert worn["learnt_from"] == "simulated lives"
    times = [row.at for row in plant.life("worn")]
    assert worn["cadence_ms"] == pytest.approx(times[-1] - times[-2], rel=0.2)
    http.post("/api/gan/machines/press_1/units/worn/failures", json={})
    page.until(lambda: page.units["press_1", "worn"]["life"] == 2)
    page.until(lambda: agrees(page, http))
    assert "alert_id" not in page.units["press_1", "worn"]


@pytest.mark.usefixtures("never_whole")
def test_readings_that_come_while_a_prediction_waits_are_shown(plant: Plant, page: Page) -> None:
    plant.add_machine()
    plant.train()
    life = plant.life()
    plant.send(life[:2])  # Its event waits; the next readings publish none.
    page.until(lambda: ("press_1", "1") in page.units)
    plant.send(life[2:4])
    page.until(lambda: page.units["press_1", "1"]["seen_at"] == life[3].at)


@pytest.mark.usefixtures("never_whole")
def test_a_failed_prediction_takes_the_levels_away(http: Http, plant: Plant, page: Page) -> None:
    plant.add_machine()
    plant.train()
    plant.send(plant.life()[:5])
    plant.work()
    page.until(lambda: ("press_1", "1") in page.units)
    page.until(lambda: page.units["press_1", "1"]["level"] == "healthy")
    plant.send(plant.life()[5:8])
    (job_id,) = plant.open_jobs()
    claim = claimed(job_id)
    write_outcome(claim, Failed("no such file", retryable=False, details=""), STAGES[claim.stage])
    page.until(lambda: page.units["press_1", "1"]["level"] == "no_forecast")
    assert "the prediction failed" in page.units["press_1", "1"]["why"]
    page.until(lambda: agrees(page, http))


@pytest.mark.usefixtures("always_whole")
def test_a_unit_that_falls_silent_is_shown_so(http: Http, plant: Plant, page: Page) -> None:
    plant.add_machine()
    plant.train()
    plant.send(plant.life()[:5])
    plant.work()
    page.until(lambda: page.units.get(("press_1", "1"), {}).get("level") == "healthy")
    with transaction():
        execute("UPDATE units SET received_at = received_at - :day", day=25 * HOUR)
    page.until(lambda: page.units["press_1", "1"]["level"] == "no_forecast")
    assert page.units["press_1", "1"]["why"] == "no readings for 25 h"
    assert agrees(page, http)


@pytest.mark.usefixtures("never_whole")
def test_machines_have_the_status_that_rest_has_until_they_are_onboarded(
    http: Http, page: Page
) -> None:
    beat("worker-1", "host", 1, ["default"])
    http.create("pump_1")
    seen = []
    page.until(lambda: page.machines.get("pump_1", {}).get("status") == "pending")

    def shown(**expected: Any) -> None:
        page.until(lambda: expected.items() <= page.machines["pump_1"].items())
        rest = http.get("/api/gan/machines/pump_1").json()
        shown = page.machines["pump_1"]
        assert {name: rest[name] for name in shown if name in rest} == {
            name: value for name, value in shown.items() if name in rest
        }
        seen.append(shown["chain_progress"])

    for stage, event in (
        ("generate_seed", SeedReady(machine_id="pump_1", seed_key=seed_key("pump_1"))),
        ("train_tvae", None),
    ):
        claim = claimed(jobs.jobs(machine_id="pump_1")[0].id)
        shown(stage=stage, status="running")
        leases.report_progress(claim, 50, "half")
        shown(stage=stage, progress=50)
        if event:
            leases.complete(claim, new_event(event, claim.correlation_id), [])
    control.cancel(claim.job_id)
    shown(status="cancelled", error="cancelled")
    control.retry(claim.job_id)
    shown(status="pending", progress=0)
    assert seen == sorted(seen)
    assert len(set(seen)) == 4


@pytest.mark.usefixtures("never_whole")
def test_progress_does_not_fall_when_the_quality_asks_for_another_training(
    http: Http, page: Page
) -> None:
    http.create("pump_1")
    trained = {"final_loss": 1.0, "training_time_seconds": 1.0, "num_features": 4}
    model = ModelTrained(machine_id="pump_1", model_key="m", **trained)
    data = SyntheticDataReady(machine_id="pump_1", model_key="m")
    again = RetrainRequested(machine_id="pump_1", quality_score=0.1, model_key="m")
    done = MachineOnboarded(machine_id="pump_1", quality_score=0.9, model_key="m")
    seen = []
    for event in (
        SeedReady(machine_id="pump_1"),
        *(model, data, again),
        *(model.model_copy(), data.model_copy(), done),
    ):
        claim = claimed(jobs.jobs(machine_id="pump_1")[0].id)
        leases.complete(claim, new_event(event, claim.correlation_id), [])
        newest = jobs.jobs(machine_id="pump_1", chain="onboarding")[0]
        page.until(
            lambda newest=newest: page.machines.get("pump_1", {}).get("task_id") == newest.id
        )
        seen.append(page.machines["pump_1"]["chain_progress"])
    page.until(lambda: page.machines["pump_1"]["status"] == "onboarded")
    seen.append(page.machines["pump_1"]["chain_progress"])
    assert seen == sorted(seen)
    assert seen[-1] == 100
    assert 95 <= seen[3] < 100


@pytest.mark.usefixtures("never_whole")
def test_a_deleted_machine_and_its_units_are_gone(plant: Plant, page: Page) -> None:
    plant.add_machine("press_1")
    plant.add_machine("press_2")
    plant.train(machine_id="press_1")
    plant.send(plant.life()[:3])
    page.until(lambda: ("press_1", "1") in page.units and len(page.machines) == 2)
    control.delete_machine("press_1")
    page.until(lambda: list(page.machines) == ["press_2"])
    assert page.units == {}
    assert page.received[-1]["units"] == []


@pytest.mark.usefixtures("always_whole")
def test_a_machine_that_was_deleted_and_made_again_has_none_of_its_old_units(
    plant: Plant, page: Page
) -> None:
    plant.add_machine()
    plant.train()
    plant.send(plant.life()[:3])
    page.until(lambda: ("press_1", "1") in page.units)
    old = page.machines["press_1"]["created_at"]
    with transaction():
        control.delete_machine("press_1")
        add_machine("press_1")
        Machine.update(created_at=Machine.created_at + 1_000).execute()
    page.until(lambda: page.machines.get("press_1", {}).get("created_at", old) > old)
    assert page.units == {}
