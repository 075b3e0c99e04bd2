"""The bell: consumers that block until there is something to fetch, and fetch only what can run.

Whoever enqueues a message pushes a token to its queue's bell; an idle consumer blocks on the bell
and then fetches. Stock Dramatiq looks now and then, up to a second after the message came. A token
is only a hint: Dramatiq's own script stays the only one that takes messages, so acknowledgements
hold, and a token that is lost or left over costs one look.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import redis
from dramatiq import Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer

#: Longest wait for a bell, seconds: a consumer that stops, or whose token was lost, looks then.
#: It has to be shorter than the connections' `socket_timeout`.
BLOCK_SECONDS = 0.5

#: How long a consumer that heard its bell tries to get the slot before it rings for others,
#: seconds: longer than another queue of the worker takes to find nothing.
PASS_ON_SECONDS = 0.02

#: Pause of a consumer while the broker is away, seconds.
AWAY_SECONDS = 0.25

#: More tokens than consumers are of no use; a bell that nobody hears is forgotten.
MOST_TOKENS = 64
BELL_LIFETIME_SECONDS = 60


class Slot:
    """A worker's one place for a job; when it gets free the queue of highest priority is first.

    Of equals the one that was served longest ago is first: none is starved by another.

    A message is only fetched by a worker that can run it now: one that is held back behind a
    training could have been run by another worker.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int]] = []
        self._taken = False
        self._turns = 0
        self._last_turns: dict[str, int] = {}

    def take(self, queue_name: str, priority: int, timeout: float) -> bool:
        """Take the place, or return False when it was not to be had for `timeout` seconds."""
        with self._changed:
            rank = (priority, -self._last_turns.get(queue_name, 0))
            self._waiting.append(rank)
            try:
                free = self._changed.wait_for(
                    lambda: not self._taken and rank == max(self._waiting), timeout
                )
            finally:
                self._waiting.remove(rank)
                self._changed.notify_all()
            if free:
                self._taken = True
                self._turns += 1
                self._last_turns[queue_name] = self._turns
            return free

    def free(self) -> None:
        """Give the place to the next."""
        with self._changed:
            self._taken = False
            self._changed.notify_all()


class BellBroker(RedisBroker):
    """Dramatiq's Redis broker with bells, for workers that run one job at a time.

    Attributes:
        slot: The worker's one place.
        priorities: Queue → priority; a higher one goes first.
    """

    def __init__(self, client: redis.Redis, namespace: str) -> None:
        super().__init__(client=client, namespace=namespace, middleware=[])  # type: ignore[no-untyped-call]
        self.slot = Slot()
        self.priorities: Mapping[str, int] = {}

    @property
    def consumer_class(self) -> type[_RedisConsumer]:
        """What `consume` makes."""
        return _BellConsumer

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue, without Dramatiq's second one for delays: the ledger has those."""
        if queue_name not in self.queues:
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def ring(self, queue_name: str, messages: int = 1) -> None:
        """Wake as many consumers of a queue as there are new messages."""
        bell = self.bell(queue_name)
        with self.client.pipeline(transaction=False) as pipeline:
            pipeline.rpush(bell, *["1"] * min(messages, MOST_TOKENS))
            pipeline.ltrim(bell, -MOST_TOKENS, -1)
            pipeline.expire(bell, BELL_LIFETIME_SECONDS)
            pipeline.execute()

    def bell(self, queue_name: str) -> str:
        """Key of a queue's bell."""
        return f"{self.namespace}:{queue_name}.bell"


class _BellConsumer(_RedisConsumer):
    """Never raises while the broker is away: the steward says so, once, and the ledger waits."""

    broker: BellBroker
    queue_name: str
    heard = False

    def __next__(self) -> MessageProxy | None:
        try:
            priority = self.broker.priorities.get(self.queue_name, 0)
            patience = PASS_ON_SECONDS if self.heard else BLOCK_SECONDS
            if self.broker.slot.take(self.queue_name, priority, patience):
                message = self._fetch()
                self.heard = message is None and self._wait_for_the_bell()
                return message
            if self.heard:
                # Another queue's job has the slot: the message is for another worker.
                self.heard = False
                self.broker.ring(self.queue_name)
        except redis.RedisError:
            time.sleep(AWAY_SECONDS)
        return None

    def _fetch(self) -> MessageProxy | None:
        """A message, with the slot; or none, and the slot is free again."""
        message = None
        try:
            # A message's body may be gone when Redis was emptied in between.
            bodies = [body for body in self.broker.do_fetch(self.queue_name, 1) if body]
            if bodies:
                message = MessageProxy(Message.decode(bodies[0]))
        finally:
            if message is None:
                self.broker.slot.free()
        return message

    def _wait_for_the_bell(self) -> bool:
        bell = self.broker.bell(self.queue_name)
        return self.broker.client.blpop([bell], BLOCK_SECONDS) is not None

    def ack(self, message: MessageProxy) -> None:
        """Free the slot and acknowledge the message.

        An acknowledgement that is lost does no harm: when Dramatiq delivers the message again,
        its job is not there to be claimed.
        """
        self._settle(self.broker.do_ack, message)

    def nack(self, message: MessageProxy) -> None:
        """Free the slot and move the message to the dead letters."""
        self._settle(self.broker.do_nack, message)

    def _settle(self, command: Any, message: MessageProxy) -> None:
        self.broker.slot.free()  # The next message can be fetched meanwhile.
        try:
            command(self.queue_name, message.options["redis_message_id"])
        except redis.RedisError as error:
            self.logger.debug("not settled: %s", error)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Put back what was fetched and not run, for others to take at once."""
        put_back = list(messages)
        super().requeue(put_back)  # type: ignore[no-untyped-call]
        if put_back:
            self.broker.ring(self.queue_name, len(put_back))
