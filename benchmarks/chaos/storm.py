"""The faults of a chaos run: a list, shuffled with a seed, injected one after the other."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import apsw
import redis

from actors.broker.client import BROKER_DB, Broker, connect
from benchmarks.chaos.crew import Crew
from benchmarks.site import Site
from errors import BrokerUnavailable
from storage.database import database, execute, is_sqlite, reading
from storage.ledger.event_log import Dispatch
from storage.ledger.leases import MAX_CRASHES

#: How long a broker stays away, seconds.
AWAY_SECONDS = 1.5
#: How long a disk stays full, seconds.
FULL_SECONDS = 8.0
#: Between two workers of a rolling restart, seconds.
ROLLING_SECONDS = 2.0


@dataclass(frozen=True)
class Kill:
    """A process that was killed while it ran a job.

    Attributes:
        kind: `worker` or `stage process`.
        at: Time of the kill, seconds since 1970.
    """

    kind: str
    at: float
    job_id: int
    token: int


@dataclass
class Storm:
    """Injects faults.

    Attributes:
        place: The servers and the home of the run; stewards restart a private broker.
        full_disks: Folder with a file for each worker whose disk is full.
        done: How often each fault was injected.
        kills: The kills that hit a running job.
    """

    place: Site
    crew: Crew
    full_disks: Path
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    kills: list[Kill] = field(default_factory=list)
    _later: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def plan(self, kills: int) -> list[str]:
        """The faults in their order."""
        share = max(1, kills // 25)
        planned = Counter(
            {
                "kill a stage process": kills - kills // 2,
                "kill a worker": kills // 2,
                "stop a worker past its lease": 3 * share,
                "flush the broker": share,
                "kill the broker": share,
                "deliver twice and out of order": 3 * share,
                "fill a disk": share,
                "restart all workers": 1,
            }
        )
        if self.place.postgresql is not None:
            planned["restart PostgreSQL"] = share
        misfortunes = list(planned.elements())
        self.chance.shuffle(misfortunes)
        return misfortunes

    def strike(self, misfortune: str) -> bool:
        """Inject a fault; False if it has no target now."""
        deeds: dict[str, Callable[[], bool]] = {
            "kill a stage process": self._kill_a_stage_process,
            "kill a worker": self._kill_a_worker,
            "stop a worker past its lease": self._stop_a_worker,
            "flush the broker": self._flush,
            "kill the broker": self._kill_the_broker,
            "restart PostgreSQL": self._restart_postgresql,
            "deliver twice and out of order": self._deliver_again,
            "fill a disk": self._fill_a_disk,
            "restart all workers": self._restart_all_workers,
        }
        struck = deeds[misfortune]()
        self.done[misfortune] += struck
        return struck

    def tend(self) -> None:
        """End faults whose time is over."""
        for entry in [entry for entry in self._later if entry[0] <= time.monotonic()]:
            self._later.remove(entry)
            entry[1]()

    def _after(self, seconds: float, deed: Callable[[], object]) -> None:
        self._later.append((time.monotonic() + seconds, deed))

    def _kill_a_stage_process(self) -> bool:
        victims = [
            (pid, stage, job, token)
            for pid, job, token in self._at_work()
            if (stage := self.crew.stage_process(pid)) is not None
        ]
        if not victims:
            return False
        _, stage, job, token = self.chance.choice(victims)
        try:
            os.kill(stage, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.kills.append(Kill("stage process", time.time(), job, token))
        return True

    def _kill_a_worker(self) -> bool:
        spared = {pid for pid, _, _ in self._at_work(crashes=MAX_CRASHES - 1)}
        pids = [pid for pid in self.crew.pids() if pid not in spared]
        if not pids:
            return False
        victim = self.chance.choice(pids)
        for pid, job, token in self._at_work():
            if pid == victim:
                self.kills.append(Kill("worker", time.time(), job, token))
        self.crew.kill(victim)
        return True

    def _at_work(self, crashes: int | None = None) -> list[tuple[int, int, int]]:
        """(worker's pid, job, token) of running jobs.

        A job that has crashed twice is left out: a third crash would quarantine it.
        """
        with reading():
            rows = execute(_RUNNING, least=crashes or 0, most=crashes or MAX_CRASHES - 2)
        pids = set(self.crew.pids())
        at_work = [(int(worker.split(":")[1]), job, token) for worker, job, token in rows]
        return [row for row in at_work if row[0] in pids]

    def _stop_a_worker(self) -> bool:
        pid = self.chance.choice(self.crew.pids())
        self.crew.put_to_sleep(pid, self.place.settings.lease_seconds + self.chance.uniform(1, 3))
        if is_sqlite() and _write_lock_is_held():
            self.crew.wake(pid)  # While it holds the write lock, all others would wait.
            return False
        return True

    def _flush(self) -> bool:
        try:
            connect(self.place.settings, BROKER_DB).flushall()
        except redis.RedisError:
            return False
        return True

    def _kill_the_broker(self) -> bool:
        if self.place.valkey is not None:
            self.place.valkey.kill()
            self._after(AWAY_SECONDS, self.place.valkey.start)
            return True
        try:
            pid = int(connect(self.place.settings, BROKER_DB).info("server")["process_id"])
        except redis.RedisError:
            return False
        os.kill(pid, signal.SIGKILL)
        return True

    def _restart_postgresql(self) -> bool:
        assert self.place.postgresql is not None
        database.close()
        self.place.postgresql.restart()
        return True

    def _deliver_again(self) -> bool:
        with reading():
            jobs = [Dispatch(job, queue) for job, queue in execute("SELECT id, queue FROM jobs")]
        if not jobs:
            return False
        again = self.chance.sample(jobs, min(20, len(jobs))) * 2
        self.chance.shuffle(again)
        try:
            Broker(self.place.settings).send(again)
        except BrokerUnavailable:
            return False
        return True

    def _fill_a_disk(self) -> bool:
        mark = self.full_disks / str(self.chance.choice(self.crew.pids()))
        mark.touch()
        self._after(FULL_SECONDS, lambda: mark.unlink(missing_ok=True))
        return True

    def _restart_all_workers(self) -> bool:
        for number, pid in enumerate(self.crew.pids()):
            self._after(number * ROLLING_SECONDS, partial(self._ask_to_stop, pid))
        return True

    def _ask_to_stop(self, pid: int) -> None:
        if pid in self.crew.pids():
            self.crew.wake(pid)
            self.crew.ask_to_stop(pid)


def _write_lock_is_held() -> bool:
    probe = apsw.Connection(database.database)
    try:
        probe.execute("BEGIN IMMEDIATE; ROLLBACK")
    except apsw.BusyError:
        return True
    finally:
        probe.close()
    return False


_RUNNING = """
SELECT worker, id, token FROM jobs
WHERE status = 'running' AND lease_until > {now} AND crashes BETWEEN :least AND :most
"""
