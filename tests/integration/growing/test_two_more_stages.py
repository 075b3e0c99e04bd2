"""Two more stages react to `MachineOnboarded`, one of which fails: the onboarding is unaffected."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator

import pytest
import redis
from click.testing import CliRunner

from actors.broker.client import PROGRESS_DB, connect
from actors.graph import as_text
from actors.runtime.child import start_fork_server
from actors.runtime.runner import Runner
from actors.stage import STAGES
from cli import fleetforge
from commands.ledger import publish as publishing
from events import bus
from events.explanation import explain
from events.vocabulary import EVENT_TYPES, MachineOnboarded
from storage.artifacts.store import open_store
from storage.database import database
from storage.ledger import event_log
from storage.ledger.event_log import Dispatch, Subscription
from storage.operations import control
from storage.queries import jobs, lineage, machines
from storage.queries.diagnosis import diagnose
from storage.settings import PREFIX, Settings
from storage.status import ChainStatus, JobStatus, MachineStatus
from tests.integration.conftest import add_machine, record
from tests.integration.following import following
from tests.integration.serving import Http

STAGE_MODULES = ("write_data_sheet", "plan_maintenance")


@pytest.fixture
def two_more_stages() -> Iterator[None]:
    """As if `actors/__init__.py` imported them; taken back after the test."""
    registries = (STAGES, EVENT_TYPES, bus._subscriptions)
    before = [dict(registry) for registry in registries]
    subscriptions = {name: list(stages) for name, stages in bus._subscriptions.items()}
    for name in STAGE_MODULES:
        module = f"tests.integration.growing.{name}"
        sys.modules.pop(module, None)  # So that importing it declares its stage again.
        importlib.import_module(module)
    yield
    for registry, entries in zip(registries, before, strict=True):
        registry.clear()
        registry.update(entries)
    bus._subscriptions.clear()
    bus._subscriptions.update(subscriptions)


@pytest.fixture
def runner(http: Http) -> Iterator[Runner]:
    start_fork_server(("tests.integration.stages",))
    settings = http.service.settings
    runner = Runner(
        settings=settings,
        worker_id="worker-1",
        store=open_store(settings.artifact_root, settings.home),
        send=lambda _: None,
        progress=connect(settings, PROGRESS_DB),
    )
    yield runner
    runner.close()


def onboard(http: Http) -> list[Dispatch]:
    """pump_1, onboarded; the jobs of the stages behind that."""
    http.create(start=False)
    begin = record(
        "AssessmentRequested",
        "pump_1",
        {},
        subscriptions=[Subscription("assess_quality", "default")],
    )
    (job,) = event_log.publish(begin).jobs
    http.finish(job.job_id, MachineOnboarded(machine_id="pump_1", quality_score=0.9))
    following = [job for job in reversed(jobs.jobs()) if job.stage in STAGE_MODULES]
    return [Dispatch(job.id, job.queue) for job in following]


def chain_statuses() -> dict[str, ChainStatus]:
    return {chain.chain: chain.status for chain in machines.chains("pump_1")}


@pytest.mark.usefixtures("two_more_stages")
def test_every_face_shows_the_machine_as_onboarded_whatever_the_other_chains_do(
    http: Http, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    following_jobs = onboard(http)
    assert [jobs.job(job.job_id).stage for job in following_jobs] == list(STAGE_MODULES)
    assert_onboarded(http, monkeypatch)
    assert chain_statuses() == {
        "onboarding": ChainStatus.COMPLETE,
        "predictor": ChainStatus.PENDING,
        "data_sheet": ChainStatus.PENDING,
        "maintenance": ChainStatus.PENDING,
    }
    for job in following_jobs:
        runner.run_job(job.job_id)
    assert_onboarded(http, monkeypatch)
    assert chain_statuses() == {
        "onboarding": ChainStatus.COMPLETE,
        "predictor": ChainStatus.PENDING,
        "data_sheet": ChainStatus.COMPLETE,
        "maintenance": ChainStatus.FAILED,
    }


def set_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the service, for a command of this process."""
    monkeypatch.setenv(f"{PREFIX}HOME", str(settings.home))
    assert settings.redis_url is not None
    monkeypatch.setenv(f"{PREFIX}REDIS_URL", settings.redis_url.get_secret_value())
    if settings.database_url is not None:
        monkeypatch.setenv(f"{PREFIX}DATABASE_URL", settings.database_url.get_secret_value())


def assert_onboarded(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machines.machine("pump_1").status is MachineStatus.ONBOARDED
    assert explain(diagnose("pump_1", lambda: True)).state.startswith("onboarded")

    shown = http.get("/api/gan/machines/pump_1").json()
    assert (shown["status"], shown["stage"]) == ("onboarded", "assess_quality")
    assert [step["stage"] for step in shown["chain"]] == ["assess_quality"]
    assert {one["chain"]: one["status"] for one in shown["chains"]} == dict(chain_statuses())
    listed = http.get("/api/gan/machines", params={"status": "onboarded"}).json()["items"]
    assert [machine["machine_id"] for machine in listed] == ["pump_1"]

    with following(http, "/ws/fleet") as follower:
        first = follower.next()
        assert (first["machine_id"], first["stage"]) == ("pump_1", "assess_quality")
        assert follower.next()["type"] == "synced"

    set_environment(http.service.settings, monkeypatch)
    database.close()  # The command opens it again.
    command = CliRunner().invoke(fleetforge, ["status", "pump_1", "--json"], catch_exceptions=False)
    (status,) = json.loads(command.stdout)
    assert status["status"] == "onboarded"


@pytest.mark.usefixtures("two_more_stages")
def test_each_job_has_its_own_outcome(http: Http, runner: Runner) -> None:
    trained, planned = onboard(http)
    for job in (planned, trained):  # The failure comes first.
        runner.run_job(job.job_id)
    first, second = lineage.outcome(trained.job_id), lineage.outcome(planned.job_id)
    assert first is not None
    assert second is not None
    assert (first.type, first.chain, first.job_id) == (
        "DataSheetWritten",
        "data_sheet",
        trained.job_id,
    )
    assert (second.type, second.chain, second.job_id) == (
        "StageFailed",
        "maintenance",
        planned.job_id,
    )
    task = http.get(f"/api/gan/tasks/{trained.job_id}").json()
    assert (task["status"], task["result"]["event"]["type"]) == ("success", "DataSheetWritten")
    failed = http.get(f"/api/gan/tasks/{planned.job_id}").json()
    assert (failed["status"], failed["error"]) == ("failed", "no maintenance windows")


@pytest.mark.usefixtures("two_more_stages")
def test_a_stage_started_by_hand_takes_over_its_own_chain_alone(http: Http) -> None:
    other_chains = onboard(http)
    answer = http.post("/api/gan/machines/pump_1/seed")
    assert answer.status_code == 202
    assert machines.machine("pump_1").status is MachineStatus.PENDING
    assert {jobs.job(job.job_id).status for job in other_chains} == {JobStatus.PENDING}
    http.post("/api/gan/machines/pump_1/seed")
    assert jobs.job(answer.json()["task_id"]).status is JobStatus.CANCELLED
    assert {jobs.job(job.job_id).status for job in other_chains} == {JobStatus.PENDING}


@pytest.mark.usefixtures("two_more_stages")
def test_progress_of_another_chain_does_not_reach_the_sockets_of_the_fleet(
    http: Http, redis_client: redis.Redis, runner: Runner
) -> None:
    trained, _ = onboard(http)
    with (
        following(http, "/ws/fleet") as fleet,
        following(http, f"/ws/tasks/{trained.job_id}") as task,
    ):
        assert fleet.next()["stage"] == "assess_quality"
        assert fleet.next()["type"] == "synced"
        runner.run_job(trained.job_id)
        assert task.until(lambda message: message["type"] == "terminal")["status"] == "success"
        control.retry_failed()
        add_machine("pump_2")
        assert fleet.next()["machine_id"] == "pump_2"  # Nothing about pump_1 came before.


@pytest.mark.usefixtures("two_more_stages")
def test_the_graph_shows_them() -> None:
    assert "MachineOnboarded ─► write_data_sheet ─► DataSheetWritten" in as_text().splitlines()


@pytest.mark.usefixtures("two_more_stages")
def test_a_request_without_a_plan_can_be_published_by_hand(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_data_sheet = importlib.import_module("tests.integration.growing.write_data_sheet")
    onboard(http)
    set_environment(http.service.settings, monkeypatch)
    monkeypatch.setitem(
        publishing.REQUESTS, "DataSheetRequested", write_data_sheet.DataSheetRequested
    )
    database.close()  # The command opens it again.
    published = publishing.publish.callback
    assert published is not None
    published("DataSheetRequested", "pump_1", "{}", as_json=True)
    newest = jobs.jobs()[0]
    assert (newest.stage, newest.chain) == ("write_data_sheet", "data_sheet")
    assert machines.machine("pump_1").status is MachineStatus.ONBOARDED


@pytest.mark.usefixtures("two_more_stages")
def test_a_stage_that_reacts_to_a_notice_has_a_status_from_the_start(http: Http) -> None:
    onboard(http)
    notice = record(
        "StageOverdue",
        "pump_1",
        {"stage": "x", "job_id": 1, "waited_seconds": 9, "expected_seconds": 3},
        subscriptions=[Subscription("send_alert", "default", "alerts")],
    )
    event_log.publish(notice)
    assert chain_statuses()["alerts"] is ChainStatus.PENDING
    assert chain_statuses()["onboarding"] is ChainStatus.COMPLETE
