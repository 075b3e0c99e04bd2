"""An overdue job is shown as overdue everywhere, on both databases."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from actors.broker.client import Broker
from actors.runtime.steward import Steward
from cli import fleetforge
from commands.machines.follow import follow
from events.explanation import Explanation, explain
from storage.artifacts.store import open_store
from storage.database import database, transaction
from storage.ledger.claims import Claim, expired
from storage.ledger.event_log import Subscription, publish
from storage.ledger.leases import complete, crash, fail, report_progress
from storage.operations import control
from storage.queries import events, machines
from storage.queries.diagnosis import diagnose
from storage.settings import PREFIX, Settings
from storage.tables import Event
from tests.integration.conftest import add_event, add_job, add_machine, failed, finished, record
from tests.integration.storage.aging import beat, claimed, earlier_runs, ended, put_back

Say = Callable[..., str]

NOTICE = {"stage": "x", "job_id": 7, "waited_seconds": 9, "expected_seconds": 3}


@pytest.fixture
def steward(ledger: Settings, redis_url: str) -> Steward:
    settings = ledger.model_copy(update={"redis_url": SecretStr(redis_url)})
    store = open_store(settings.artifact_root, settings.home)
    return Steward("w1", ["default"], Broker(settings, ["default"]), store, valkey=None)


@pytest.fixture
def late_job(steward: Steward) -> int:
    """A job that runs for 12 minutes, expected within 4; the steward has reported it."""
    earlier_runs(80)
    job_id = add_job()
    report_progress(claimed(job_id), 40, "epoch 4 of 10")
    beat()
    put_back(job_id, started_at=-12 * 60)
    steward.overdue_report.publish()
    return job_id


def taken_away(job_id: int) -> Claim:
    """The claim of a worker whose lease has just ended."""
    put_back(job_id, lease_until=-1)
    (claim,) = expired()
    return claim


def why() -> Explanation:
    return explain(diagnose("pump_1", lambda: True))


def test_a_job_is_overdue_from_its_notice_on(steward: Steward) -> None:
    earlier_runs(80)
    job_id = add_job()
    claimed(job_id)
    put_back(job_id, started_at=-12 * 60)
    assert not machines.machine("pump_1").overdue
    steward.overdue_report.publish()
    assert machines.machine("pump_1").overdue
    assert [one.overdue for one in machines.machines()] == [False, True]


@pytest.mark.usefixtures("late_job")
def test_its_time_goes_on_after_the_notice() -> None:
    with transaction():
        Event.update(occurred_at=Event.occurred_at - 3_600_000).execute()
    waited = why().waited_seconds
    assert waited is not None
    assert 4320 <= waited < 4340


def test_a_job_that_no_worker_takes_can_be_overdue_too(steward: Steward) -> None:
    earlier_runs(80)
    put_back(add_job(), due_at=-12 * 60)
    steward.overdue_report.publish()
    assert machines.machine("pump_1").label == "pending, overdue"
    assert why().state == "generate_seed is ready to run; overdue"
    assert why().waits_for == "a worker on queue 'default': none is alive"


def test_a_stale_job_can_be_overdue_too(late_job: int) -> None:
    put_back(late_job, lease_until=-1)
    assert machines.machine("pump_1").label == "stale, overdue"


def test_the_next_attempt_is_not_overdue(late_job: int) -> None:
    crash(taken_away(late_job), "silent", failed())
    assert machines.machine("pump_1").overdue  # Nothing has begun anew yet.
    claimed(late_job)
    assert not machines.machine("pump_1").overdue
    assert why().waited_seconds is None
    assert "overdue" not in why().state


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (lambda claim: complete(claim, ended("SeedReady"), []), "success"),
        (lambda claim: complete(claim, finished(), []), "pending"),
        (lambda claim: control.cancel(claim.job_id), "cancelled"),
        (lambda claim: fail(claim, "x", failed(), retryable=False), "failed"),
    ],
    ids=["completed", "followed by another", "cancelled", "failed"],
)
def test_a_job_that_has_ended_is_not_overdue(
    late_job: int, end: Callable[[Claim], Any], status: str
) -> None:
    end(taken_away(late_job))
    where = machines.machine("pump_1")
    assert (where.status, where.overdue) == (status, False)
    assert why().expected_seconds is None


def test_a_late_job_of_another_chain_changes_nothing_about_the_onboarding(
    steward: Steward,
) -> None:
    earlier_runs(80)
    complete(claimed(add_job()), ended("MachineOnboarded"), [])
    other = Subscription("generate_seed", "default", "predictor")
    (late,) = publish(record("SeedReady", "pump_1", {}, subscriptions=[other])).jobs
    claimed(late.job_id)
    put_back(late.job_id, started_at=-12 * 60)
    steward.overdue_report.publish()
    assert events.events()[-1].type == "StageOverdue"
    where = machines.machine("pump_1")
    assert (where.status, where.overdue) == ("onboarded", False)
    assert why().state == "onboarded: the synthetic data are finished"


@pytest.fixture
def said(ledger: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Say:
    """What a command prints."""
    monkeypatch.setenv(f"{PREFIX}HOME", str(ledger.home))
    monkeypatch.setenv(f"{PREFIX}REDIS_URL", redis_url)
    if ledger.database_url is not None:
        monkeypatch.setenv(f"{PREFIX}DATABASE_URL", ledger.database_url.get_secret_value())

    def run(*arguments: str) -> str:
        database.close()  # The command opens it anew.
        done = CliRunner().invoke(fleetforge, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.mark.usefixtures("late_job")
class TestOverdueIsShown:
    """By every command that shows the state of a machine."""

    @pytest.mark.parametrize("command", [("status",), ("machines", "list")])
    def test_in_the_status_column(self, said: Say, command: tuple[str]) -> None:
        *_, line = said(*command).splitlines()
        assert re.search(r"pump_1 .* generate_seed +running, overdue\b", line)

    @pytest.mark.parametrize("command", [("status",), ("machines", "list")])
    def test_as_a_field_next_to_the_status(self, said: Say, command: tuple[str]) -> None:
        shown = {one["machine_id"]: one for one in json.loads(said(*command, "--json"))}
        assert (shown["pump_1"]["status"], shown["pump_1"]["overdue"]) == ("running", True)
        assert (shown["pump_0"]["status"], shown["pump_0"]["overdue"]) == ("onboarded", False)

    def test_where_one_machine_is_shown(self, said: Say) -> None:
        shown = said("machines", "show", "pump_1")
        assert "generate_seed running, overdue since" in shown

    def test_in_the_first_line_of_why(self, said: Say) -> None:
        line, *_ = said("why", "pump_1").splitlines()
        assert re.fullmatch(
            r"pump_1: generate_seed is running on w1, 40 %: epoch 4 of 10; "
            r"overdue: 12 min \d+ s, expected within 4 min 0 s",
            line,
        )

    def test_in_numbers_for_programs(self, said: Say) -> None:
        answer = json.loads(said("why", "pump_1", "--json"))
        assert answer["state"].endswith("; overdue")
        assert answer["expected_seconds"] == 240
        assert 720 <= answer["waited_seconds"] < 740


def test_a_plan_is_inherited_across_notices_without_one(said: Say) -> None:
    add_machine()
    add_event(epochs=7)
    add_event("StageOverdue", stages=[], **NOTICE)
    said("publish", "RetrainRequested", "--machine", "pump_1")
    assert events.events()[-1].payload["epochs"] == 7


def test_a_wait_ends_with_the_newest_verdict_despite_later_notices(
    ledger: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    first = claimed(add_job())
    complete(first, ended("MachineOnboarded", quality_score=0.9), [])
    (again,) = add_event(stages=["train_tvae"]).jobs
    fail(
        claimed(again.job_id),
        "boom",
        ended("StageFailed", stage="train_tvae", reason="boom"),
        retryable=False,
    )
    add_event("StageOverdue", stages=[], **NOTICE)
    assert follow(ledger, ["pump_1"], as_json=True) == 1
    (summary,) = json.loads(capsys.readouterr().out)
    assert (summary["status"], summary["error"]) == ("failed", "boom")
