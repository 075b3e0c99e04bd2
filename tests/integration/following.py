"""Clients of the service's sockets, and a worker whose tasks they follow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from actors.runtime.progress import ProgressChannel
from actors.runtime.stage_process import Progressed
from actors.stage import STAGES
from events.bus import new_event
from events.vocabulary import Event, SeedReady
from GAN.layout import seed_key
from storage.ledger import leases
from storage.ledger.claims import Claim
from storage.ledger.workers import beat
from storage.queries import jobs
from tests.integration.serving import Http, claimed

#: The ledger is looked into once a second; the rest is for a machine with other things to do.
REPAIRED_WITHIN_SECONDS = 10.0


class Follower:
    """A client, and what it has got."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.socket.recv(REPAIRED_WITHIN_SECONDS))
        return message

    def until(self, right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message that is right; earlier ones are let go."""
        while not right(message := self.next()):
            pass
        return message

    def close_code(self) -> tuple[int, str]:
        try:
            while True:
                self.next()
        except ConnectionClosed as end:
            closed = end.rcvd
        assert closed is not None
        return closed.code, closed.reason


@contextmanager
def following(http: Http, path: str, **options: Any) -> Iterator[Follower]:
    with connect(f"ws://{http.base_url.netloc.decode()}{path}", **options) as socket:
        yield Follower(socket)


def listening(redis_client: redis.Redis) -> bool:
    return bool(redis_client.pubsub_numpat())


def begun(http: Http, machine_id: str = "pump_1") -> Claim:
    """A task that runs, at worker-1."""
    http.create(machine_id)
    beat("worker-1", "host", 1, ["default"])
    return claimed(jobs.jobs(machine_id=machine_id)[0].id)


def training_begun(http: Http) -> Claim:
    """A training that runs, at worker-1."""
    seed = begun(http)
    key = seed_key(seed.machine_id)
    done = SeedReady(machine_id=seed.machine_id, seed_key=key)
    leases.complete(seed, new_event(done, seed.correlation_id), [])
    return claimed(jobs.jobs(machine_id=seed.machine_id)[0].id)


def report(redis_client: redis.Redis, claim: Claim, percent: int, message: str = "on") -> None:
    """What a worker does when its stage says how far it is."""
    channel = ProgressChannel(redis_client, claim, STAGES[claim.stage])
    channel.report(Progressed(percent, message, epoch=percent, loss=percent / 8))
    channel.write()


def finish(redis_client: redis.Redis, claim: Claim, event: Event | None = None) -> None:
    """What a worker does when its stage is done, which has made a seed or this."""
    done = event or SeedReady(machine_id=claim.machine_id, seed_key=seed_key(claim.machine_id))
    leases.complete(claim, new_event(done, claim.correlation_id), [])
    ProgressChannel(redis_client, claim, STAGES[claim.stage]).ended()
