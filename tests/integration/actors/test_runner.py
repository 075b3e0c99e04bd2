"""Running jobs in real child processes, on both databases."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from actors.broker.client import PROGRESS_DB, connect
from actors.runtime.child import start_fork_server
from actors.runtime.runner import Runner
from errors import LedgerUnavailable
from storage.artifacts import registry
from storage.artifacts.store import STAGING, open_store, staging_prefix
from storage.database import clock_ms, database, transaction
from storage.ledger import claims as claims_module
from storage.ledger import leases as ledger_module
from storage.ledger.event_log import Dispatch
from storage.ledger.leases import MAX_CRASHES
from storage.operations import control
from storage.queries import events, jobs, task_states
from storage.settings import Settings
from storage.tables import Job
from tests.integration.conftest import add_event, add_job, add_machine, failed
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("small_stages")


@pytest.fixture
def sent() -> list[Dispatch]:
    return []


@pytest.fixture
def runner(ledger: Settings, redis_url: str, sent: list[Dispatch]) -> Iterator[Runner]:
    start_fork_server(("tests.integration.stages",))
    settings = ledger.model_copy(update={"redis_url": SecretStr(redis_url), "grace_seconds": 0.2})
    runner = Runner(
        settings=settings,
        worker_id="worker-1",
        store=open_store(settings.artifact_root, settings.home),
        send=sent.extend,
        progress=connect(settings, PROGRESS_DB),
    )
    yield runner
    runner.close()


@pytest.fixture
def refusing_store(bucket: str) -> Iterator[str]:
    """The address of a bucket whose server denies all access."""

    class Denied(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _deny(self) -> None:
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _deny  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Denied) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        place = f"endpoint_override=127.0.0.1:{server.server_port}"
        yield re.sub(r"endpoint_override=[^&]+", place, bucket)
        server.shutdown()
        thread.join()


@contextmanager
def running(runner: Runner, job_id: int) -> Iterator[int]:
    """The job runs in a thread meanwhile; gives the child's pid once the stage has spoken."""

    def run() -> None:
        runner.run_job(job_id)
        database.close()

    thread = threading.Thread(target=run)
    thread.start()
    spoken = eventually(lambda: re.search(r"as (\d+)", jobs.job(job_id).message))
    yield int(spoken.group(1))
    thread.join(30)
    assert not thread.is_alive()


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def staged(settings: Settings) -> list[str]:
    return [path.name for path in (settings.home / STAGING).rglob("*") if path.is_file()]


def test_a_stage_that_finishes_leaves_its_event_its_file_and_the_next_job(
    runner: Runner, sent: list[Dispatch]
) -> None:
    job_id = add_job(stages=["succeed"], rows=2000)
    runner.run_job(job_id)
    assert jobs.job(job_id).status == "success"
    seed_ready = events.events()[-1]
    assert (seed_ready.type, seed_ready.payload["rows"]) == ("SeedReady", 2000)
    assert seed_ready.causation_id == events.events()[0].id
    assert seed_ready.correlation_id == "c" * 32
    assert (runner.settings.home / "GAN" / "pump_1.txt").read_text() == "finished"
    (next_job,) = sent
    assert jobs.job(next_job.job_id).stage == "train_tvae"


def test_a_stage_reads_what_the_ledger_says_not_what_lies_there(runner: Runner) -> None:
    runner.run_job(add_job(stages=["succeed"]))
    (runner.settings.home / "GAN" / "pump_1.txt").unlink()
    (reader,) = add_event(stages=["read_input"]).jobs
    runner.run_job(reader.job_id)
    assert (runner.settings.home / "copy.txt").read_text() == "finished"


def test_a_file_whose_bytes_are_not_the_ledgers_is_refused(runner: Runner) -> None:
    runner.run_job(add_job(stages=["succeed"]))
    (runner.settings.home / "GAN" / "pump_1.txt").write_text("tampered")  # one file, two names
    (reader,) = add_event(stages=["read_input"]).jobs
    runner.run_job(reader.job_id)
    job = jobs.job(reader.job_id)
    assert job.status == "failed"
    assert "SHA-256" in job.error_message


def test_a_stage_that_gives_up_fails_the_job_and_keeps_its_files(runner: Runner) -> None:
    job_id = add_job(stages=["give_up"])
    runner.run_job(job_id)
    assert jobs.job(job_id).status == "failed"
    assert jobs.job(job_id).error_message == "too poor"
    assert events.events()[-1].type == "StageFailed"
    assert (runner.settings.home / "report.txt").read_text() == "poor"


def test_an_error_of_ours_ends_the_job_at_once(runner: Runner) -> None:
    job_id = add_job(stages=["refuse"])
    runner.run_job(job_id)
    job = jobs.job(job_id)
    assert (job.status, job.error_message) == ("failed", "the profile cannot be simulated")


def test_any_other_error_is_tried_again(runner: Runner) -> None:
    job_id = add_job(stages=["stumble"])
    runner.run_job(job_id)
    job = jobs.job(job_id)
    assert (job.status, job.attempts, job.crashes) == ("pending", 1, 0)
    assert job.error_message == "ValueError: array must not contain infs or NaNs"


def test_a_full_disk_costs_a_job_no_attempt(runner: Runner) -> None:
    job_id = add_job(stages=["fill_the_disk"])
    runner.run_job(job_id)
    job = jobs.job(job_id)
    assert (job.status, job.attempts, job.crashes) == ("pending", 0, 0)
    assert job.error_message == "OSError: [Errno 28] No space left on device"
    assert job.due_at > clock_ms()
    assert events.events()[-1].type == "MachineCreated"


def test_a_store_that_refuses_costs_a_job_no_attempt(
    runner: Runner, bucket: str, refusing_store: str
) -> None:
    job_id = add_job(stages=["succeed"])
    home = runner.settings.home
    for address, status in ((refusing_store, "pending"), (bucket, "success")):
        # An earlier test may have started the fork server without the environment's keys.
        with_keys = address.replace("s3://", "s3://x:x@")
        runner.settings = runner.settings.model_copy(update={"artifacts": with_keys})
        with transaction():
            Job.update(due_at=0).execute()
        runner.run_job(job_id)
        job = jobs.job(job_id)
        assert (job.status, job.attempts, job.crashes) == (status, 0, 0)
        if status == "pending":
            assert "the artifact store does not answer: " in job.error_message
            assert "ACCESS_DENIED" in job.error_message
    (file,) = registry.of_job(job_id)
    stored = open_store(bucket, home).fetch(file.staged_key, file.sha256)
    assert stored.read_text() == "finished"


@pytest.mark.parametrize(
    ("stage", "signal_name"), [("kill_itself", "SIGKILL"), ("segfault", "SIGSEGV")]
)
def test_a_stage_that_kills_its_process_is_quarantined_with_the_signal_named(
    runner: Runner, stage: str, signal_name: str
) -> None:
    job_id = add_job(stages=[stage])
    for _ in range(MAX_CRASHES):
        with transaction():
            Job.update(due_at=0).execute()
        runner.run_job(job_id)
    job = jobs.job(job_id)
    assert (job.status, job.crashes, job.attempts) == ("failed", MAX_CRASHES, 0)
    assert signal_name in job.error_message
    assert not (runner.settings.home / "half").exists()


def test_a_stage_unknown_to_the_worker_fails_with_the_reason(runner: Runner) -> None:
    job_id = add_job(stages=["from_the_future"])
    runner.run_job(job_id)
    assert "knows no stage 'from_the_future'" in jobs.job(job_id).error_message


def test_cancelling_kills_the_child_and_leaves_no_file(runner: Runner) -> None:
    job_id = add_job(stages=["hang"])
    with running(runner, job_id) as child:
        control.cancel(job_id)
        eventually(lambda: gone(child), seconds=5)
    assert jobs.job(job_id).status == "cancelled"
    assert staged(runner.settings) == []
    control.retry(job_id)
    with transaction():
        Job.update(stage="succeed").execute()
    runner.run_job(job_id)
    assert jobs.job(job_id).status == "success"


def test_deleting_the_machine_kills_the_child(runner: Runner) -> None:
    job_id = add_job(stages=["hang"])
    with running(runner, job_id) as child:
        control.delete_machine("pump_1")
        eventually(lambda: gone(child), seconds=5)
    assert staged(runner.settings) == []


def test_a_worker_that_stops_hands_the_job_back(runner: Runner, sent: list[Dispatch]) -> None:
    job_id = add_job(stages=["hang"])
    with running(runner, job_id) as child:
        runner.stopping.set()
        eventually(lambda: gone(child), seconds=5)
    job = jobs.job(job_id)
    assert (job.status, job.attempts, job.crashes) == ("pending", 0, 0)
    assert [dispatch.job_id for dispatch in sent] == [job_id]
    assert staged(runner.settings) == []


def test_a_zombie_publishes_neither_file_nor_event(
    runner: Runner, tmp_path: Path, sent: list[Dispatch]
) -> None:
    signal_file = tmp_path / "go"
    add_machine(description=str(signal_file))
    (job,) = add_event(stages=["wait_for_file"]).jobs
    with running(runner, job.job_id):
        # What a steward does when this worker's lease has run out, between two renewals.
        with transaction():
            Job.update(lease_until=1).execute()
            (claim,) = claims_module.expired()
            ledger_module.crash(claim, "silent", failed())
        signal_file.touch()
    assert registry.of_machine("pump_1") == {}
    assert [event.type for event in events.events()] == ["MachineCreated"]
    assert not (tmp_path / "late.txt").exists()
    assert sent == []


def test_what_a_killed_worker_left_is_swept_before_the_next_attempt(runner: Runner) -> None:
    job_id = add_job(stages=["succeed"])
    with transaction():
        Job.update(token=1).execute()
    left = runner.store.workspace(staging_prefix("pump_1", job_id, 1))
    (left / "half").write_text("half a file")
    runner.run_job(job_id)
    assert staged(runner.settings) == ["pump_1.txt"]


def test_a_job_that_gave_up_keeps_its_files_when_it_is_tried_again(runner: Runner) -> None:
    job_id = add_job(stages=["give_up"])
    runner.run_job(job_id)
    control.retry(job_id)
    runner.run_job(job_id)
    first, second = registry.of_job(job_id)
    assert first.staged_key != second.staged_key
    for file in (first, second):
        assert runner.store.fetch(file.staged_key, file.sha256).read_text() == "poor"


@pytest.mark.parametrize("stage", ["refuse", "stumble", "fill_the_disk", "kill_itself"])
def test_a_failed_attempt_leaves_no_file(runner: Runner, stage: str) -> None:
    runner.run_job(add_job(stages=[stage]))
    assert staged(runner.settings) == []


def heard_of(runner: Runner, job_id: int) -> list[dict[str, Any]]:
    """What the job's channel says while it is run; none of it may be what is no JSON."""
    with connect(runner.settings, PROGRESS_DB) as client, client.pubsub() as listener:
        listener.subscribe(f"gan:test:{job_id}")
        runner.run_job(job_id)
        heard: list[dict[str, Any]] = []

        def ended() -> bool:
            message = listener.get_message(timeout=0.1)
            if message and message["type"] == "message":
                heard.append(json.loads(message["data"], parse_constant=pytest.fail))
            return bool(heard) and heard[-1]["status"] == "success"

        eventually(ended)
    return heard


def test_progress_goes_to_the_ledger_and_to_the_jobs_channel(runner: Runner) -> None:
    job_id = add_job(stages=["succeed"])
    heard = heard_of(runner, job_id)
    assert heard[0]["task_id"] == job_id
    assert (heard[0]["progress"], heard[0]["epoch"], heard[0]["loss"]) == (50, 1, 0.5)
    assert heard[0]["seq"] < heard[-1]["seq"]
    assert heard[-1] == asdict(task_states.of_tasks([job_id])[0])


def test_what_a_stage_said_last_stays_and_a_loss_that_is_no_number_is_none(runner: Runner) -> None:
    job_id = add_job(stages=["diverge"])
    *_, last = heard_of(runner, job_id)
    assert (last["message"], last["epoch"], last["loss"]) == ("epoch 2 of 2", 2, None)
    assert jobs.job(job_id).loss is None


def test_files_survive_a_commit_whose_answer_was_lost(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = ledger_module.complete
    lost: list[bool] = []

    def complete_and_lose_the_answer(*arguments: Any) -> Any:
        written = complete(*arguments)
        if not lost:
            lost.append(True)
            raise LedgerUnavailable("the connection broke after the commit")
        return written

    monkeypatch.setattr(ledger_module, "complete", complete_and_lose_the_answer)
    job_id = add_job(stages=["succeed"])
    runner.run_job(job_id)
    assert lost
    assert jobs.job(job_id).status == "success"
    (file,) = registry.of_machine("pump_1").values()
    assert runner.store.fetch(file.staged_key, file.sha256).read_text() == "finished"
