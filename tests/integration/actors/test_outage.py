"""A broken dependency is a wait, not a failure: real workers, and servers that go and come back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import redis
from pydantic import SecretStr

from actors.broker.client import PROGRESS_DB, PROGRESS_SECONDS, Broker, connect
from actors.runtime import progress
from actors.runtime.child import start_fork_server
from actors.runtime.duties.heartbeat import LATE_SECONDS
from actors.runtime.duties.renewal_grace import RENEWAL_PATIENCE_SECONDS
from actors.runtime.execution.lease_keeper import RENEWAL_SECONDS
from actors.runtime.progress import ProgressChannel
from actors.runtime.runner import Runner
from actors.runtime.stage_process import Progressed
from actors.runtime.steward import Steward
from actors.stage import STAGES
from benchmarks.servers import PostgreSQL, Valkey
from storage.artifacts.store import open_store
from storage.database import clock_ms, database, open_database
from storage.ledger import claims as claims_module
from storage.ledger import leases as ledger_module
from storage.queries import jobs
from storage.queries import machines as machine_queries
from storage.schema import upgrade
from storage.settings import Settings
from tests.integration.conftest import add_job
from tests.integration.sites import (
    Outage,
    Site,
    broker_frozen,
    broker_killed,
    postgres_stopped,
    sqlite_locked,
)
from tests.waiting import eventually

#: Longer than all that a worker waits for while a server is away: its answer (2 s, the database's
#: 5), SQLite's lock (5) after the rest of a steward's round (2.5), and the stewards' patience with
#: messages and leases (3). What is said once in that time is not said again in a longer one.
OUTAGE_SECONDS = 9.0

#: A worker that waited for a server that is away would not stop at all.
STOPS_WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgreSQL]:
    with PostgreSQL() as server:
        yield server


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    postgres: PostgreSQL | None = None
    settings = Settings(home=tmp_path)
    if request.param == "postgresql":
        postgres = request.getfixturevalue("own_postgres")
        assert postgres is not None
        settings = Settings(home=tmp_path, database_url=SecretStr(postgres.url))
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    open_database(settings)
    upgrade()
    with Valkey() as broker:
        settings = settings.model_copy(update={"redis_url": SecretStr(broker.url)})
        site = Site(settings, broker, postgres)
        try:
            yield site
        finally:
            for worker in site.workers:
                worker.process.kill()
                worker.process.wait()
            database.close()


def stopped_meanwhile(site: Site, outage: Outage, crashes: int) -> set[str]:
    """Stop the worker of a job during an outage, and see the other one take the job.

    Args:
        site: With two workers, which have been through an outage.
        outage: Begins another one.
        crashes: How many the job has then.

    Returns:
        What the worker has logged that is not usual.
    """
    job = site.register_and_start("last", seconds=60)
    (leaving,) = (one for one in site.workers if f":{one.process.pid}:" in str(job.worker))
    (staying,) = (one for one in site.workers if one is not leaving)
    with outage(site):
        began = time.monotonic()
        eventually(lambda: lasting(began, 1))  # By then its threads have met the trouble.
        leaving.process.terminate()
        assert leaving.process.wait(STOPS_WITHIN_SECONDS) == 0
    eventually(lambda: site.job("last", token=2, crashes=crashes, attempts=0, status="running"))
    assert f":{staying.process.pid}:" in str(jobs.jobs(machine_id="last")[-1].worker)
    return set(leaving.said()) - {
        *("waiting", "all is well again", "worker stopping", "worker stopped")
    }


def lasting(began: float, seconds: float) -> bool:
    return time.monotonic() - began >= seconds


@pytest.mark.parametrize(
    ("site", "outage"),
    [("sqlite", broker_killed), ("postgresql", broker_frozen)],
    indirect=["site"],
)
def test_a_broker_that_is_away_is_waited_for_and_a_worker_can_be_stopped_meanwhile(
    site: Site, outage: Outage
) -> None:
    site.start_workers(2, lease_seconds=30)
    site.register_and_start("pump_1", seconds=0.7)  # One is in the middle of it, the other idle.
    left_at = clock_ms()
    with outage(site):
        began = time.monotonic()
        assert not site.register("pump_2", seconds=0.05).delivered
        eventually(lambda: lasting(began, OUTAGE_SECONDS))
        assert machine_queries.machine("pump_2").status == "pending"
    returned_at = clock_ms()
    eventually(lambda: site.onboarded("pump_1", "pump_2"))
    site.expect_resumed(returned_at, left_at)
    site.expect_all_well_and_said_once()
    said = stopped_meanwhile(site, outage, crashes=0)
    assert said <= {"handed back"}


@pytest.mark.parametrize(
    ("site", "outage"),
    [("sqlite", sqlite_locked), ("postgresql", postgres_stopped)],
    indirect=["site"],
)
def test_a_database_that_is_away_is_waited_for_and_a_worker_can_be_stopped_meanwhile(
    site: Site, outage: Outage
) -> None:
    site.start_workers(2, lease_seconds=3)
    # Still runs when the stewards' patience with those that have to renew their leases ends.
    site.register_and_start("pump_1", seconds=OUTAGE_SECONDS + RENEWAL_PATIENCE_SECONDS + 2)
    site.start_workers(1, lease_seconds=30)
    for machine in ("pump_2", "pump_3"):  # These end meanwhile, one of them at each kind of worker.
        site.register_and_start(machine, seconds=OUTAGE_SECONDS - 1)
    site.register("pump_4", seconds=0.05)  # No worker is free for it.
    left_at = clock_ms()
    with outage(site):
        began = time.monotonic()
        eventually(lambda: lasting(began, OUTAGE_SECONDS))
    returned_at = clock_ms()
    machines = ("pump_1", "pump_2", "pump_3", "pump_4")
    eventually(lambda: all(site.job(machine, status="success") for machine in machines))
    site.expect_resumed(returned_at, left_at)
    for machine in machines:
        assert site.job(machine, token=1, crashes=0, attempts=0), f"{machine} ran twice"
    site.expect_all_well_and_said_once()
    site.workers[-1].process.terminate()  # Of the others, the leases end soon.
    assert site.workers.pop().process.wait(STOPS_WITHIN_SECONDS) == 0
    # A worker cannot hand its job back, so the job waits for the end of its lease.
    said = stopped_meanwhile(site, outage, crashes=1)
    assert said <= {"left to the stewards", "not signed off"}


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
@pytest.mark.parametrize("step", [Steward.look, lambda steward: steward.rescue.take_back()])
def test_a_lease_that_ended_while_the_lock_was_taken_can_still_be_renewed(
    site: Site, step: Callable[[Steward], object]
) -> None:
    """Its worker has waited for the lock as long as the steward has, and may be second."""
    claim = claims_module.claim(add_job(), "worker-2", 0.5)
    assert claim is not None
    broker, store = Broker(site.settings), open_store(site.settings.artifact_root, Path())
    steward = Steward("worker-1", ["default"], broker, store, valkey=None)
    eventually(claims_module.expired)
    with ThreadPoolExecutor(1) as thread:
        with sqlite_locked(site):
            began = time.monotonic()
            done = thread.submit(step, steward)
            eventually(lambda: lasting(began, LATE_SECONDS + 0.5))
            assert not done.done()
        assert not done.result(5)
        thread.submit(database.close)
    ledger_module.renew(claim, 30)


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_a_frozen_broker_does_not_delay_the_reports_of_progress(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same thread has a lease to renew, and a training may have hundreds of reports."""
    monkeypatch.setattr(progress, "LEDGER_INTERVAL_SECONDS", 0)
    claim = claims_module.claim(add_job(), "worker-1", 30)
    assert claim is not None
    redis_client = connect(site.settings, PROGRESS_DB)
    channel = ProgressChannel(redis_client, claim, STAGES["generate_seed"])
    with broker_frozen(site):
        began = time.monotonic()
        for percent in range(100):
            channel.report(Progressed(percent, "on the way", epoch=None, loss=None))
            channel.write()
        assert not lasting(began, 2 * PROGRESS_SECONDS)


@pytest.mark.usefixtures("small_stages")
@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_a_worker_that_ends_before_its_job_does_ends_it_in_good_order(site: Site) -> None:
    """So it is when a server has kept the job's thread waiting for longer than it may."""
    start_fork_server(("tests.integration.stages",))
    runner = Runner(
        settings=site.settings,
        worker_id="worker-1",
        store=open_store(site.settings.artifact_root, site.settings.home),
        send=lambda _: None,
        progress=connect(site.settings, PROGRESS_DB),
    )
    job_id = add_job(stages=["hang"])
    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(runner.run_job, job_id)
        eventually(lambda: jobs.job(job_id).message.startswith("hanging"))
        with sqlite_locked(site):
            began = time.monotonic()
            eventually(lambda: lasting(began, RENEWAL_SECONDS + 0.5))  # It wants to renew by then.
            runner.close()
        ended.result(10)
        thread.submit(database.close)
    assert jobs.job(job_id).status == "pending"


@pytest.mark.usefixtures("small_stages")
def test_a_broker_that_is_away_does_not_disturb_a_running_job(
    ledger: Settings, tmp_path: Path
) -> None:
    start_fork_server(("tests.integration.stages",))
    settings = ledger.model_copy(update={"redis_url": SecretStr(f"unix://{tmp_path}/no_broker")})
    runner = Runner(
        settings=settings,
        worker_id="worker-1",
        store=open_store(settings.artifact_root, settings.home),
        send=lambda _: None,
        progress=redis.Redis.from_url(f"unix://{tmp_path}/no_broker"),
    )
    job_id = add_job(stages=["succeed"])
    runner.run_job(job_id)
    runner.close()
    assert jobs.job(job_id).status == "success"
