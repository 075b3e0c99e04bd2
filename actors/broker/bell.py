"""The bell: consumers block until there is a message, and fetch only what can run now.

The script that puts a message in a queue also pushes a token to the queue's bell, a Redis list. An
idle consumer blocks on the bell and then fetches. Stock Dramatiq polls, up to a second after the
message came. A token is only a hint: Dramatiq's own script still takes the messages, so its
acknowledgements hold, and a token that is lost or left over costs one poll.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import redis
from dramatiq import Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.common import current_millis

#: Longest wait for a bell, seconds: a consumer that stops, or whose token was lost, polls then.
#: It has to be shorter than the connections' `socket_timeout`.
BLOCK_SECONDS = 0.5

#: How long a consumer that got a message by its bell waits for the slot before it puts the
#: message back for other workers, seconds. It is longer than an empty fetch of another queue takes.
PUT_BACK_SECONDS = 0.02

#: Pause of a consumer while the broker is away, seconds.
AWAY_SECONDS = 0.25

#: More tokens than consumers have no use. A bell without consumers expires.
MOST_TOKENS = 64
BELL_LIFETIME_SECONDS = 60

#: Wraps Dramatiq's script: ringing in the same script saves a round trip. The script's arguments
#: are the command, seven others, and message ids.
_DISPATCH_AND_RING = """
local answer = (function() {dispatch} end)()
local messages = ({{enqueue = 1, requeue = #ARGV - 8}})[ARGV[1]]
if messages then
    local bell = KEYS[1] .. ":" .. ARGV[3] .. ".bell"
    for _ = 1, math.min(messages, {most_tokens}) do redis.call("rpush", bell, "1") end
    redis.call("ltrim", bell, -{most_tokens}, -1)
    redis.call("expire", bell, {lifetime})
end
return answer
"""


class Slot:
    """A worker's one place for a job; when it is freed, the queue of highest priority is next.

    Of queues with equal priority, the one that was served longest ago is next, so none starves.

    A worker fetches a message only when it can run it now. Otherwise the message might wait behind
    a training while another worker is idle.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int]] = []
        self._taken = False
        self._turns = 0
        self._last_turns: dict[str, int] = {}

    def take(self, queue_name: str, priority: int, timeout: float) -> bool:
        """Take the place; False if it was not free for `timeout` seconds."""
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
        """Free the place for the next queue."""
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
        script = _DISPATCH_AND_RING.format(
            dispatch=self.scripts["dispatch"].script.decode(),  # type: ignore[union-attr]
            most_tokens=MOST_TOKENS,
            lifetime=BELL_LIFETIME_SECONDS,
        )
        self.scripts["dispatch"] = client.register_script(script)

    @property
    def consumer_class(self) -> type[_RedisConsumer]:
        """The class of the consumers that `consume` makes."""
        return _BellConsumer

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue, without Dramatiq's second one for delays: the ledger delays jobs."""
        if queue_name not in self.queues:
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def fetch_at_the_bell(self, queue_name: str) -> list[bytes]:
        """Wait for a token, then fetch, in one round trip.

        The arguments are those that Dramatiq passes to its script. A Redis that was restarted has
        lost the script and raises; `do_fetch` loads it again.
        """
        dispatch = self.scripts["dispatch"].sha
        never_maintain, one = 0, 1
        about = (self.broker_id, self.heartbeat_timeout, self.dead_message_ttl, never_maintain)
        unpack = self._max_unpack_size()  # type: ignore[no-untyped-call]
        arguments = ("fetch", current_millis(), queue_name, *about, unpack, one)
        with self.client.pipeline(transaction=False) as pipeline:
            pipeline.blpop([self.bell(queue_name)], BLOCK_SECONDS)
            pipeline.evalsha(dispatch, 1, self.namespace, *map(str, arguments))
            _token, bodies = pipeline.execute()
        return list(bodies)

    def bell(self, queue_name: str) -> str:
        """Key of a queue's bell."""
        return f"{self.namespace}:{queue_name}.bell"


class _BellConsumer(_RedisConsumer):
    """Does not raise while the broker is away: the steward logs that once, and the jobs wait."""

    broker: BellBroker
    queue_name: str

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)  # type: ignore[no-untyped-call]
        self.over: SimpleQueue[tuple[str, str]] = SimpleQueue()

    def __next__(self) -> MessageProxy | None:
        """A message, and the slot is taken; or None after a while."""
        try:
            self._settle()
            if not self._take_slot(BLOCK_SECONDS):
                return None
            message = self._fetch()
            if message is None:
                self._settle()
                message = self._fetch_at_the_bell()
        except redis.RedisError:
            time.sleep(AWAY_SECONDS)
            return None
        return message

    def _take_slot(self, patience: float) -> bool:
        priority = self.broker.priorities.get(self.queue_name, 0)
        return self.broker.slot.take(self.queue_name, priority, patience)

    def _fetch(self) -> MessageProxy | None:
        """A message, or None and the slot is free again."""
        message = None
        try:
            message = _first(self.broker.do_fetch(self.queue_name, 1))
        finally:
            if message is None:
                self.broker.slot.free()
        return message

    def _fetch_at_the_bell(self) -> MessageProxy | None:
        message = _first(self.broker.fetch_at_the_bell(self.queue_name))
        if message is not None and not self._take_slot(PUT_BACK_SECONDS):
            # A job of another queue took the slot: the message is for another worker.
            self.requeue([message])  # type: ignore[no-untyped-call]
            return None
        return message

    def ack(self, message: MessageProxy) -> None:
        """Free the slot, and acknowledge the message later, when the queue is empty.

        A lost acknowledgement does no harm: when Dramatiq delivers the message again, its job
        cannot be claimed any more.
        """
        self.over.put(("ack", message.options["redis_message_id"]))
        self.broker.slot.free()

    def nack(self, message: MessageProxy) -> None:
        """Free the slot, and later move the message to the dead letters."""
        self.over.put(("nack", message.options["redis_message_id"]))
        self.broker.slot.free()

    def _settle(self) -> None:
        while not self.over.empty():
            command, message_id = self.over.get()
            getattr(self.broker, f"do_{command}")(self.queue_name, message_id)

    def close(self) -> None:
        """Acknowledge finished messages; if the broker is away, it delivers them again."""
        with suppress(redis.RedisError):
            self._settle()


def _first(bodies: list[bytes]) -> MessageProxy | None:
    # A message's body may be gone when Redis was emptied in between.
    return next((MessageProxy(Message.decode(body)) for body in bodies if body), None)
