"""Real worker processes, on both databases."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

import actors
from events.onboarding import new_machine, register
from events.plan import Plan
from storage.database import database, is_sqlite, migrations
from storage.ledger import workers
from storage.operations import control
from storage.queries import jobs
from storage.settings import PREFIX, Settings
from tests.integration.conftest import profile_of
from tests.waiting import eventually

assert actors  # declares the stages


@pytest.fixture
def environment(ledger: Settings, redis_url: str) -> dict[str, str]:
    environment = os.environ | {
        f"{PREFIX}HOME": str(ledger.home),
        f"{PREFIX}REDIS_URL": redis_url,
        f"{PREFIX}LEASE_SECONDS": "2",
        f"{PREFIX}GRACE_SECONDS": "0",
    }
    if ledger.database_url is not None:
        environment[f"{PREFIX}DATABASE_URL"] = ledger.database_url.get_secret_value()
    return environment


#: What Python runs: the command, and the same worker with stages that do what a machine says.
COMMAND = ("-m", "cli", "worker")
CHEAP = ("-m", "benchmarks.cheap_worker", "default,train")


@contextmanager
def worker(
    environment: dict[str, str], *python_arguments: str
) -> Iterator[subprocess.Popen[bytes]]:
    log = Path(environment[f"{PREFIX}HOME"]) / "worker.log"
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, *python_arguments], env=environment, stderr=stderr
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def running(stage: str) -> int:
    """The id of the job that runs this stage, once the stage has reported progress."""

    def found() -> int:
        found = [job for job in jobs.jobs(status="running") if job.stage == stage]
        return int(found[0].id) if found and found[0].message else 0

    return eventually(found, 200)


def held_job() -> int:
    """A machine whose first stage holds still for an hour; the job's id once it runs."""
    profile = profile_of("pump_1", description=json.dumps({"seconds": 3600}))
    register([new_machine("test", profile)], Plan(), lambda _: None, actor="test")
    return running("generate_seed")


def stop_between_writes(pid: int) -> None:
    """SIGSTOP a worker, but not in the middle of a write: SQLite has one write lock for all."""

    def stopped_without_the_lock() -> bool:
        os.kill(pid, signal.SIGSTOP)
        probe = apsw.Connection(database.database)
        try:
            probe.execute("BEGIN IMMEDIATE; ROLLBACK")
        except apsw.BusyError:
            os.kill(pid, signal.SIGCONT)
            return False
        finally:
            probe.close()
        return True

    if is_sqlite():
        eventually(stopped_without_the_lock)
    else:
        os.kill(pid, signal.SIGSTOP)


def descendants(pid: int) -> set[int]:
    """Every process below one."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(status.parent.name)] = int(fields[1])
    below: set[int] = set()
    while True:
        more = {child for child, parent in parents.items() if parent in below | {pid}} - below
        if not more:
            return below
        below |= more


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists()}


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_killed_workers_children_die_and_another_worker_takes_the_job(
    environment: dict[str, str],
) -> None:
    with worker(environment, *CHEAP) as first:
        job_id = held_job()
        family = descendants(first.pid)
        assert len(family) >= 2  # the fork server and the stage
        first.kill()
        first.wait()
        eventually(lambda: not alive(family), 10)
    with worker(environment, *CHEAP) as second:
        taken = eventually(
            lambda: (job := jobs.job(job_id)).crashes == 1 and job.status == "running" and job,
            60,
        )
        assert f":{second.pid}:" in taken.worker
        assert taken.token == 2
        control.cancel(job_id)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_sigterm_hands_the_job_back_at_once_and_exits_with_zero(
    environment: dict[str, str],
) -> None:
    with worker(environment, *CHEAP) as process:
        job_id = held_job()
        family = descendants(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        job = jobs.job(job_id)
        assert (job.status, job.attempts, job.crashes) == ("pending", 0, 0)
        assert workers.alive() == []
        eventually(lambda: not alive(family), 10)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_sigterm_reaches_a_worker_that_was_stopped(environment: dict[str, str]) -> None:
    log = Path(environment[f"{PREFIX}HOME"]) / "worker.log"
    with worker(environment, *CHEAP) as process:
        eventually(lambda: "worker ready" in log.read_text(), 200)
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        assert process.wait(15) == 0


def test_a_stopped_worker_that_wakes_up_has_lost_its_job_and_goes_on(
    environment: dict[str, str],
) -> None:
    with worker(environment, *CHEAP) as sleeper:
        job_id = held_job()
        stop_between_writes(sleeper.pid)
        with worker(environment, *CHEAP) as other:
            eventually(lambda: f":{other.pid}:" in (jobs.job(job_id).worker or ""), 60)
            os.kill(sleeper.pid, signal.SIGCONT)
            log = Path(environment[f"{PREFIX}HOME"]) / "worker.log"
            eventually(lambda: "reason='cancelled, deleted or taken" in log.read_text())
            assert sleeper.poll() is None
            job = jobs.job(job_id)
            assert (job.status, job.token) == ("running", 2)
            control.cancel(job_id)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_cancelling_ends_the_training_and_leaves_no_file(environment: dict[str, str]) -> None:
    with worker(environment, *COMMAND) as process:
        plan = Plan(rows=1000, epochs=1000)
        register([new_machine("test", profile_of("pump_1"))], plan, lambda _: None, actor="test")
        job_id = running("train_tvae")
        before = descendants(process.pid)
        control.cancel(job_id)
        eventually(lambda: before - alive(before), 5)
        home = Path(environment[f"{PREFIX}HOME"])
        eventually(lambda: not list(home.glob(f".staged/*/{job_id}.*")), 5)
        assert not list(home.rglob("*.pkl"))


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_unknown_queue_is_refused(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli", "worker", "--queues", "trian"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert (
        done.stderr
        == "error: --queues: no queue 'trian'; write default, predictor, telemetry, train\n"
    )


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_worker_that_is_too_old_for_the_ledger_hands_its_job_back_and_ends(
    environment: dict[str, str],
) -> None:
    log = Path(environment[f"{PREFIX}HOME"]) / "worker.log"
    with worker(environment, *CHEAP) as process:
        job_id = held_job()
        migrations().History.create(name="0100_owners_breaking")
        assert process.wait(30) == 1
    assert "install that version on this host" in log.read_text()
    job = jobs.job(job_id)
    assert (job.status, job.attempts, job.crashes) == ("pending", 0, 0)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_ledger_that_newer_code_has_changed_is_used_unless_the_change_is_breaking(
    environment: dict[str, str],
) -> None:
    def listed() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli", "events"]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    migrations().History.create(name="0100_owners")
    assert listed().returncode == 0
    migrations().History.create(name="0101_owners_breaking")
    refused = listed()
    assert refused.returncode == 1
    assert refused.stderr == (
        "error: the ledger was upgraded by a newer Fleetforge (0101_owners_breaking): "
        "install that version on this host\n"
    )
