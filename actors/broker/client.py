"""The broker: Dramatiq on Redis, and every client of Redis that this process has.

A message carries a job's id and nothing else. Dramatiq only delivers: retries, time limits and
rescue belong to the ledger. Dramatiq's middleware for those (20 retries, 10 minutes by default)
would work against the ledger, so it is not loaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

# Dramatiq reads this when it is imported: a consumer that lost the broker is back in 250 ms.
os.environ.setdefault("dramatiq_restart_delay", "250")

import dramatiq
import redis
import redis.asyncio

from actors.broker.bell import BellBroker
from actors.broker.valkey import EmbeddedValkey
from errors import BrokerUnavailable
from storage.ledger.event_log import Dispatch
from storage.settings import Settings

BROKER_DB, PROGRESS_DB = 0, 2
NAMESPACE = "fleetforge"
ACTOR = "run_job"

#: If this key is gone, Redis has lost everything: it was flushed or restarted.
CANARY_KEY = f"{NAMESPACE}:canary"

#: A broker that does not answer for this long is away, seconds. A call that waits on a broken
#: connection is then repeated on a new one.
ANSWER_SECONDS = 2.0
#: The same for the progress database: the thread that writes there also has to renew the lease.
PROGRESS_SECONDS = 0.5

#: How soon a worker's idle threads notice that they should end, milliseconds.
WAKE_MS = 200


def broker_url(settings: Settings) -> str:
    """Address of the broker in force."""
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    return EmbeddedValkey(settings.home).url


def connect(settings: Settings, db: int) -> redis.Redis:
    """A client of one of the Redis databases; connects lazily.

    All clients of a database share this process's one pool of connections to it.

    Args:
        settings: Where the broker is.
        db: Which database.
    """
    return redis.Redis(connection_pool=_pool(broker_url(settings), db))


@cache
def _pool(url: str, db: int) -> redis.ConnectionPool:
    timeout = PROGRESS_SECONDS if db == PROGRESS_DB else ANSWER_SECONDS
    pool = redis.ConnectionPool.from_url(
        url, socket_connect_timeout=timeout, socket_timeout=timeout
    )
    pool.connection_kwargs["db"] = db  # Overrides a database in the URL.
    return pool


def connect_async(settings: Settings, db: int, **options: Any) -> redis.asyncio.Redis:
    """An asyncio client with a pool of its event loop, which `aclose` closes; connects lazily.

    Args:
        settings: Where the broker is.
        db: Which database.
        **options: Of `redis.asyncio.Connection`.
    """
    pool = redis.asyncio.ConnectionPool.from_url(broker_url(settings), **options)
    pool.connection_kwargs["db"] = db
    return redis.asyncio.Redis.from_pool(pool)


@contextmanager
def broker_errors() -> Iterator[None]:
    """Raise `BrokerUnavailable` for an error of Redis."""
    try:
        yield
    except redis.RedisError as error:
        raise BrokerUnavailable(f"the broker does not answer: {error}") from error


class Broker:
    """Sends jobs to their queues and passes them to a worker's function."""

    def __init__(self, settings: Settings, queues: Sequence[str] = ()) -> None:
        self.redis = connect(settings, BROKER_DB)
        self._dramatiq = BellBroker(self.redis, NAMESPACE)
        for queue in queues:
            self._dramatiq.declare_queue(queue)

    def send(self, jobs: Sequence[Dispatch]) -> None:
        """Put jobs in their queues and wake idle consumers.

        Raises:
            BrokerUnavailable: Some or all were not sent.
        """
        with broker_errors():
            for job in jobs:
                self._dramatiq.enqueue(
                    dramatiq.Message(
                        queue_name=job.queue,
                        actor_name=ACTOR,
                        args=(job.job_id,),
                        kwargs={},
                        options={},
                    )
                )

    def prefer(self, priorities: Mapping[str, int]) -> None:
        """Set the priorities of this worker's queues; it takes from the highest first."""
        self._dramatiq.priorities = priorities

    def ping(self) -> None:
        """Check that the broker answers.

        Raises:
            BrokerUnavailable: It does not.
        """
        with broker_errors():
            self.redis.ping()

    def server_version(self) -> str:
        """Name and version of the server that answers.

        Raises:
            BrokerUnavailable: No server answers.
        """
        with broker_errors():
            info: dict[str, Any] = self.redis.info("server")
        name = "Valkey" if "valkey_version" in info else "Redis"
        return f"{name} {info.get('valkey_version') or info['redis_version']}"

    def depth(self, queue: str) -> int:
        """Messages that wait in a queue."""
        with broker_errors():
            return int(self.redis.llen(f"{NAMESPACE}:{queue}"))

    def was_emptied(self) -> bool:
        """Whether Redis has lost its content since any process last called this."""
        with broker_errors():
            return bool(self.redis.set(CANARY_KEY, 1, nx=True))

    def worker(self, queues: Sequence[str], run_job: Callable[[int], None]) -> dramatiq.Worker:
        """A Dramatiq worker that calls `run_job` for one job at a time; not yet started."""
        dramatiq.Actor(
            run_job,
            broker=self._dramatiq,
            actor_name=ACTOR,
            queue_name=queues[0],
            priority=0,
            options={},
        )
        return dramatiq.Worker(
            self._dramatiq, queues=set(queues), worker_threads=1, worker_timeout=WAKE_MS
        )
