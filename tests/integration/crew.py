"""Dramatiq workers in threads of this process, each with a broker of its own, as in real life."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import dramatiq
from dramatiq import Consumer
from dramatiq.brokers.redis import RedisBroker

from actors.broker.bell import BellBroker, Slot
from actors.broker.client import ACTOR, BROKER_DB, NAMESPACE, Broker, connect
from storage.ledger.event_log import Dispatch
from storage.settings import Settings
from tests.waiting import eventually


@dataclass(frozen=True)
class Run:
    """A job that was begun: by which worker, and when on the monotonic clock."""

    job_id: int
    worker: str
    at: float


@dataclass
class Crew:
    """Workers of one broker, and what they have begun."""

    settings: Settings
    begun: list[Run] = field(default_factory=list)
    _gates: dict[int, threading.Event] = field(default_factory=dict)
    _workers: list[dramatiq.Worker] = field(default_factory=list)
    _slots: list[Slot] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.broker = Broker(self.settings)
        self.redis = connect(self.settings, BROKER_DB)
        self.bells = BellBroker(self.redis, NAMESPACE)

    def hire(
        self, name: str, *queues: str, prefer: dict[str, int] | None = None
    ) -> dramatiq.Worker:
        """A worker that has started."""

        def run_job(job_id: int) -> None:
            self.begun.append(Run(job_id, name, time.monotonic()))
            if job_id in self._gates:
                assert self._gates[job_id].wait(60)

        broker = Broker(self.settings, queues)
        broker.prefer(prefer or {})
        worker = broker.worker(queues, run_job)
        worker.start()
        self._workers.append(worker)
        self._slots.append(broker._dramatiq.slot)
        return worker

    def consumers(self, *queues: str, prefer: dict[str, int]) -> list[Consumer]:
        """The consumers of a worker, without the threads that would ask them for messages."""
        broker = Broker(self.settings, queues)
        broker.prefer(prefer)
        return [broker._dramatiq.consume(queue) for queue in queues]

    def hold(self, *jobs: int) -> None:
        """Let these jobs, once begun, go on until they are released."""
        self._gates |= {job: threading.Event() for job in jobs}

    def release(self, job: int) -> None:
        self._gates[job].set()

    def send(self, queue: str, *jobs: int) -> float:
        """Send jobs as the fleet does; when they were."""
        sent_at = time.monotonic()
        self.broker.send([Dispatch(job, queue) for job in jobs])
        return sent_at

    def ring_for_nothing(self, queue: str, times: int = 1) -> None:
        self.redis.rpush(self.bells.bell(queue), *["1"] * times)

    def send_in_silence(self, queue: str, job: int, actor: str = ACTOR) -> float:
        """Send a job as stock Dramatiq does, without a bell; when it was sent."""
        sent_at = time.monotonic()
        RedisBroker(client=self.redis, namespace=NAMESPACE, middleware=[]).enqueue(
            dramatiq.Message(queue_name=queue, actor_name=actor, args=(job,), kwargs={}, options={})
        )
        return sent_at

    def listening(self) -> int:
        """How many consumers wait for a bell."""
        return int(self.redis.info("clients")["blocked_clients"])

    def in_line(self) -> int:
        """How many consumers wait for the place of their worker."""
        return sum(len(slot._waiting) for slot in self._slots)

    def fetched(self) -> int:
        """How many messages were ever fetched, on this server."""
        return int(self.redis.info("commandstats").get("cmdstat_sadd", {}).get("calls", 0))

    def tokens(self, queue: str) -> int:
        return int(self.redis.llen(self.bells.bell(queue)))

    def jobs(self) -> list[int]:
        """What was begun, in this order."""
        return [run.job_id for run in self.begun]

    def run_of(self, job: int) -> Run:
        """How a job was begun, once it was."""
        return eventually(lambda: [run for run in self.begun if run.job_id == job])[0]

    def unsettled(self) -> list[bytes]:
        """Keys of messages that wait or were not acknowledged."""
        found: list[bytes] = []
        for pattern in ("__acks__.*", "*.msgs"):
            found += self.redis.keys(f"{NAMESPACE}:{pattern}")
        return found

    def dismiss(self) -> None:
        for gate in self._gates.values():
            gate.set()
        for worker in self._workers:
            worker.stop()
