"""A ledger, servers of its own and real workers, and the ways in which a server can be away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import redis

from actors.broker.client import Broker
from benchmarks.servers import PostgreSQL, Valkey
from events.onboarding import Registered, new_machine, register
from events.plan import Plan
from storage.database import database
from storage.queries import jobs, machines
from storage.queries.jobs import JobRow
from storage.settings import PREFIX, Settings
from tests.integration.conftest import profile_of
from tests.waiting import eventually

REPOSITORY = Path(__file__).parents[2]

GRACE_SECONDS = 1.0
#: The promise is 3 s; the rest is for a machine with other things to do.
RESUMES_WITHIN_SECONDS = 5.0

#: What workers say while all is well.
USUAL = {"worker ready", "started", "half way", "finished"}


class Worker(NamedTuple):
    """A worker process and its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def events(self) -> list[str]:
        """What it has logged; a traceback, or anything else that is not JSON, fails the test."""
        return [json.loads(line)["event"] for line in self.log.read_text().splitlines()]

    def said(self) -> list[str]:
        """The unusual events that it logged."""
        return [event for event in self.events() if event not in USUAL]


class Site:
    """A ledger, servers of its own, and workers."""

    def __init__(self, settings: Settings, broker: Valkey, postgres: PostgreSQL | None) -> None:
        self.settings = settings
        self.broker = broker
        self.postgres = postgres
        self.workers: list[Worker] = []

    def start_workers(self, number: int, lease_seconds: float) -> list[Worker]:
        """So many more workers, which are ready."""
        started = [self._start_worker(lease_seconds) for _ in range(number)]
        eventually(lambda: all("worker ready" in worker.events() for worker in started), 120)
        return started

    def _start_worker(self, lease_seconds: float) -> Worker:
        environment = os.environ | {
            f"{PREFIX}HOME": str(self.settings.home),
            f"{PREFIX}REDIS_URL": self.broker.url,
            f"{PREFIX}LEASE_SECONDS": str(lease_seconds),
            f"{PREFIX}GRACE_SECONDS": str(GRACE_SECONDS),
            f"{PREFIX}LOG_JSON": "1",
        }
        if self.settings.database_url is not None:
            url = self.settings.database_url.get_secret_value()
            environment[f"{PREFIX}DATABASE_URL"] = url
        log = self.settings.home / f"worker-{len(self.workers)}.log"
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.cheap_worker", "default,train"],
                env=environment,
                cwd=REPOSITORY,
                stderr=stderr,
            )
        worker = Worker(process, log)
        self.workers.append(worker)
        return worker

    def register(self, machine_id: str, seconds: float) -> Registered:
        """Onboard a machine whose four stages take so long each."""
        description = json.dumps({"seconds": seconds, "bytes": 2000})
        newcomer = new_machine("test", profile_of(machine_id, description=description))
        return register([newcomer], Plan(), Broker(self.settings).send, actor="test")

    def register_and_start(self, machine_id: str, seconds: float) -> JobRow:
        """The same; its first job once it is in the middle of its stage."""
        self.register(machine_id, seconds)
        return eventually(lambda: self.job(machine_id, message="half way"))

    def job(self, machine_id: str, **seen: Any) -> JobRow | None:
        """A machine's first job, if it looks so."""
        job = jobs.jobs(machine_id=machine_id)[-1]
        return job if all(getattr(job, name) == value for name, value in seen.items()) else None

    def onboarded(self, *machine_ids: str) -> bool:
        """Whether their chains have come to their end."""
        return all(machines.machine(each).status == "onboarded" for each in machine_ids)

    def expect_resumed(self, returned_at: int, left_at: int) -> None:
        """Soon after the server's return came the first claim since it went."""
        claims = [job.started_at for job in jobs.jobs() if job.started_at]
        first = min(claim for claim in claims if claim > left_at)
        assert (first - returned_at) / 1000 <= RESUMES_WITHIN_SECONDS

    def expect_all_well_and_said_once(self) -> None:
        """Every worker is the process it was, and has said what it waited for, once."""
        for worker in self.workers:
            assert worker.process.poll() is None
            eventually(lambda worker=worker: len(worker.said()) > 1)
            assert worker.said() == ["waiting", "all is well again"]


Outage = Callable[[Site], AbstractContextManager[None]]


@contextmanager
def broker_killed(site: Site) -> Iterator[None]:
    """What it held is lost; another one comes up empty."""
    site.broker.kill()
    yield
    site.broker.start()


@contextmanager
def broker_frozen(site: Site) -> Iterator[None]:
    """It takes connections and never answers."""
    with redis.Redis.from_url(site.broker.url) as client:
        pid = client.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def postgres_stopped(site: Site) -> Iterator[None]:
    """As by a crash: it recovers when it starts."""
    assert site.postgres is not None
    database.close()
    site.postgres.stop()
    try:
        yield
    finally:
        site.postgres.start()


@contextmanager
def sqlite_locked(site: Site) -> Iterator[None]:
    """Another process has the one write lock."""
    other = apsw.Connection(database.database)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()
