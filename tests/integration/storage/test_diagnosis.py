"""Why a machine stands where it stands: an answer for each place, on both databases.

Jobs, workers and queues are brought there as they really get there; only time is put back by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from actors.broker.client import PROGRESS_DB, Broker, connect
from actors.runtime.child import start_fork_server
from actors.runtime.runner import Runner
from actors.runtime.steward import Steward
from commands.session import broker_answers
from events.explanation import Explanation, explain
from storage.artifacts.store import open_store
from storage.database import after, transaction
from storage.ledger import leases, queues
from storage.ledger.leases import MAX_CRASHES
from storage.ledger.workers import WORKER_SILENCE_SECONDS
from storage.operations import control
from storage.queries import diagnosis
from storage.settings import Settings
from storage.tables import Worker
from tests.integration.conftest import add_event, add_job, add_machine, failed, record
from tests.integration.storage.aging import beat, claimed, earlier_runs, ended, put_back

Ask = Callable[[], Explanation]

DECIDE = "a decision"


@pytest.fixture
def settings_with_broker(ledger: Settings, redis_url: str) -> Settings:
    return ledger.model_copy(update={"redis_url": SecretStr(redis_url)})


@pytest.fixture
def diagnose(settings_with_broker: Settings) -> Ask:
    """Asks why pump_1 stands where it stands; the broker answers."""
    return lambda: explain(
        diagnosis.diagnose("pump_1", lambda: broker_answers(settings_with_broker))
    )


def seconds_in(text: str, pattern: str) -> int:
    found = re.fullmatch(pattern, text)
    assert found, text
    return int(found.group(1))


class TestWaiting:
    """The newest job is pending."""

    def test_for_a_worker_when_none_of_its_queue_is_alive(self, diagnose: Ask) -> None:
        add_job(queue="train")
        beat("w1", "default")
        why = diagnose()
        assert (why.status, why.state) == ("pending", "generate_seed is ready to run")
        assert why.waits_for == "a worker on queue 'train': none is alive"
        assert why.advice == "start one: fleetforge up, or fleetforge worker"

    def test_for_a_worker_that_is_busy(self, diagnose: Ask) -> None:
        job_id = add_job()
        claimed(job_id)
        add_event(stages=["train_tvae"])
        beat("w1", "default", "train")
        beat("w2")
        why = diagnose()
        assert why.state == "train_tvae is ready to run"
        assert why.waits_for == "a free worker on queue 'default': 2 alive, 1 busy"
        assert why.advice == ""

    def test_for_its_queue_to_be_resumed(self, diagnose: Ask) -> None:
        add_job(queue="train")
        beat("w1", "train")
        queues.pause("train")
        why = diagnose()
        assert why.waits_for == "queue 'train' is paused"
        assert why.advice == "fleetforge queues resume train"
        queues.resume("train")
        assert "paused" not in diagnose().waits_for

    def test_for_room_in_a_queue_at_its_limit(self, diagnose: Ask) -> None:
        claimed(add_job())
        add_event(stages=["train_tvae"])
        beat()
        queues.limit("default", 1)
        why = diagnose()
        assert why.waits_for == "queue 'default': its limit is 1, 1 running"
        assert why.advice == "let more run at once: fleetforge queues limit default none"
        queues.limit("default", 2)
        assert "limit" not in diagnose().waits_for

    def test_for_a_broker_that_does_not_answer(self, ledger: Settings, tmp_path: Path) -> None:
        no_broker = SecretStr(f"unix://{tmp_path}/no_broker.sock")
        away = ledger.model_copy(update={"redis_url": no_broker})
        add_job()
        beat()
        why = explain(diagnosis.diagnose("pump_1", lambda: broker_answers(away)))
        assert why.waits_for == "the broker: it does not answer"
        assert "the job is recorded" in why.advice

    def test_for_the_next_try_after_a_failed_one(self, diagnose: Ask) -> None:
        job_id = add_job()
        for _ in range(2):
            leases.fail(claimed(job_id), "disk full", failed(), retryable=True)
        why = diagnose()
        left = seconds_in(why.state, r"generate_seed failed \(disk full\); retry 2 of 4 in (\d+) s")
        assert left <= 5
        assert (why.waits_for, why.advice) == ("the pause before the next try", "")

    def test_for_the_next_try_after_a_crash(self, diagnose: Ask) -> None:
        leases.crash(claimed(add_job()), "ended by SIGSEGV", failed())
        why = diagnose()
        seconds_in(
            why.state,
            r"generate_seed failed \(ended by SIGSEGV\); crash 1 of 3, next try in (\d+) s",
        )
        assert why.waits_for == "the pause before the next try"


class TestRunning:
    """The newest job is with a worker."""

    def test_and_its_worker_is_alive(self, diagnose: Ask) -> None:
        claim = claimed(add_job())
        beat()
        why = diagnose()
        assert (why.status, why.state) == ("running", "generate_seed is running on w1, 0 %")
        leases.report_progress(claim, 40, "epoch 4 of 10")
        why = diagnose()
        assert why.state == "generate_seed is running on w1, 40 %: epoch 4 of 10"
        assert (why.waits_for, why.advice) == ("the stage to finish", "")

    def test_and_its_worker_is_silent_but_its_lease_is_not_over(self, diagnose: Ask) -> None:
        claimed(add_job())
        beat()
        with transaction():
            Worker.update(seen_at=after(-WORKER_SILENCE_SECONDS - 1)).execute()
        why = diagnose()
        assert why.status == "stale"
        assert why.state == "generate_seed: worker w1 is silent"
        left = seconds_in(why.waits_for, r"its lease to end in (\d+) s, then it runs elsewhere")
        assert 20 <= left <= 30
        assert why.advice == "no worker is alive; start one: fleetforge up"
        beat("w2")
        assert diagnose().advice == ""

    def test_and_its_lease_is_over(self, diagnose: Ask) -> None:
        job_id = add_job()
        claimed(job_id)
        beat()
        put_back(job_id, lease_until=-7)
        why = diagnose()
        assert why.status == "stale"
        ago = seconds_in(why.state, r"generate_seed: the lease of worker w1 expired (\d+) s ago")
        assert 7 <= ago <= 15
        assert (why.waits_for, why.advice) == ("a steward to take the job back", "")

    def test_and_it_is_overdue(self, diagnose: Ask, settings_with_broker: Settings) -> None:
        settings = settings_with_broker
        store = open_store(settings.artifact_root, settings.home)
        earlier_runs(80)
        job_id = add_job()
        claimed(job_id)
        beat()
        put_back(job_id, started_at=-12 * 60)
        Steward("w1", ["default"], Broker(settings), store, valkey=None).overdue_report.publish()
        why = diagnose()
        assert (why.status, why.state) == (
            "running",
            "generate_seed is running on w1, 0 %; overdue",
        )
        assert why.waited_seconds is not None
        assert 720 <= why.waited_seconds < 740
        assert why.expected_seconds == 240
        assert why.waits_for == "the stage to finish"


class TestEnded:
    """The newest job is over, and so is the chain."""

    @pytest.mark.usefixtures("small_stages")
    def test_quarantined_after_its_process_was_killed(
        self, diagnose: Ask, settings_with_broker: Settings
    ) -> None:
        settings = settings_with_broker
        start_fork_server(("tests.integration.stages",))
        runner = Runner(
            settings=settings,
            worker_id="w1",
            store=open_store(settings.artifact_root, settings.home),
            send=lambda _: None,
            progress=connect(settings, PROGRESS_DB),
        )
        job_id = add_job(stages=["kill_itself"])
        for _ in range(MAX_CRASHES):
            put_back(job_id, due_at=-1)
            runner.run_job(job_id)
        runner.close()
        why = diagnose()
        assert why.status == "failed"
        assert why.state == (
            "kill_itself failed: quarantined after 3 crashes: "
            "the stage's process was ended by SIGKILL"
        )
        assert why.waits_for == DECIDE
        assert why.advice == f"try again: fleetforge jobs retry {job_id}"

    def test_failed(self, diagnose: Ask) -> None:
        job_id = add_job()
        add_event(
            "StageFailed", stages=[], stage="x", reason="y", model_key="m"
        )  # The verdict on another chain.
        leases.fail(claimed(job_id), "no such sensor", failed(), retryable=False)
        why = diagnose()
        assert (why.status, why.state) == ("failed", "generate_seed failed: no such sensor")
        assert why.waits_for == DECIDE
        assert why.advice == f"try again: fleetforge jobs retry {job_id}"

    @pytest.mark.parametrize("judged", [{"model_key": "m"}, {"quality_score": 0.5}])
    def test_given_up_because_the_data_are_too_poor(
        self, diagnose: Ask, judged: dict[str, object]
    ) -> None:
        claim = claimed(add_job())
        verdict = {"stage": "assess_quality", "reason": "poor", **judged}
        fact = record("StageFailed", "pump_1", verdict)
        leases.conclude_failed(claim, "poor", fact, [])
        assert "fleetforge publish TrainingRequested --machine pump_1" in diagnose().advice
        add_event(  # A notice changes nothing.
            "StageOverdue",
            stages=[],
            **{"stage": "x", "job_id": 7, "waited_seconds": 9, "expected_seconds": 3},
        )
        assert "fleetforge publish TrainingRequested --machine pump_1" in diagnose().advice
        control.retry(claim.job_id)
        control.cancel(claim.job_id)
        assert "TrainingRequested" not in diagnose().advice

    def test_cancelled(self, diagnose: Ask) -> None:
        job_id = add_job()
        control.cancel(job_id)
        why = diagnose()
        assert (why.status, why.state) == ("cancelled", "generate_seed was cancelled")
        assert why.waits_for == DECIDE
        assert why.advice == f"try again: fleetforge jobs retry {job_id}"

    def test_onboarded(self, diagnose: Ask) -> None:
        leases.complete(claimed(add_job()), ended("MachineOnboarded"), [])
        why = diagnose()
        assert why.status == "onboarded"
        assert why.state == "onboarded: the synthetic data are finished"
        assert (why.waits_for, why.advice) == ("", "see: fleetforge machines show pump_1")

    def test_done_and_nothing_follows(self, diagnose: Ask) -> None:
        leases.complete(claimed(add_job()), ended("SeedReady"), [])
        why = diagnose()
        assert (why.status, why.state) == (
            "success",
            "generate_seed is done and nothing follows it",
        )

    def test_done_while_another_chain_failed_later(self, diagnose: Ask) -> None:
        first = add_job()
        (second,) = add_event(stages=["train_tvae"]).jobs
        onboarded = ended("MachineOnboarded")
        leases.complete(claimed(second.job_id), onboarded, [])
        boom = record(
            "StageFailed", "pump_1", {"stage": "generate_seed", "reason": "boom"}, "d" * 32
        )
        leases.fail(claimed(first), "boom", boom, retryable=False)
        why = diagnose()
        assert (why.status, why.state) == ("failed", "generate_seed failed: boom")
        assert why.waits_for == DECIDE
        assert why.advice == f"try again: fleetforge jobs retry {first}"


def test_a_machine_that_nothing_reacts_to(diagnose: Ask) -> None:
    add_machine()
    add_event(stages=())
    why = diagnose()
    assert (why.status, why.state) == ("created", "no stage reacts to its events")


def test_a_machine_that_was_registered_and_not_started(diagnose: Ask) -> None:
    add_machine()
    why = diagnose()
    assert (why.status, why.state) == ("created", "registered, and nothing was started")
    assert why.waits_for == "a request"
    assert why.advice == "start it: fleetforge publish SeedRequested --machine pump_1"
