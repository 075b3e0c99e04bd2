"""The bell: consumers block until there is a message, and fetch only what can run now.

The script that puts a message in a queue also pushes a token to the queue's bell, a Redis list. An
idle consumer blocks on the bell and then fetches. Stock Dramatiq polls, up to a second after the
message came. A token is only a hint: Dramatiq's own script still takes the messages, so its
acknowledgements hold, and a token that is lost or left over costs one poll.

A message leaves its queue only when its worker can run it and the worker's queues of higher
priority are empty, which the same script sees. So a job of seconds cannot slip in between two
stages of a chain.
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

#: Longest wait for a bell, seconds: a consumer that stops, or whose token was lost, polls then.
#: It has to be shorter than the connections' `socket_timeout`.
BLOCK_SECONDS = 0.5

#: How long a consumer that heard its bell waits for the slot before it lets the bell ring for other
#: workers, seconds. It is longer than an empty fetch of another queue takes.
PASS_ON_SECONDS = 0.02

#: Pause of a consumer while the broker is away, seconds.
AWAY_SECONDS = 0.25

#: More tokens than consumers have no use. A bell without consumers expires.
MOST_TOKENS = 64
BELL_LIFETIME_SECONDS = 60

#: Wraps Dramatiq's script: ringing in the same script saves a round trip. The script's arguments
#: are the command, seven others, and message ids; of a fetch the number of messages, and the queues
#: that have to be empty. Its answer is nil if one of them is not.
_DISPATCH_AND_RING = """
if ARGV[1] == "fetch" then
    for place = 10, #ARGV do
        if redis.call("llen", KEYS[1] .. ":" .. ARGV[place]) > 0 then return false end
    end
end
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

    def fetch(self, queue_name: str) -> list[bytes] | None:
        """One message or none; None if a queue of higher priority has messages."""
        priority = self.priorities.get(queue_name, 0)
        higher = [name for name in self.queues if self.priorities.get(name, 0) > priority]
        bodies: list[bytes] | None = self.do_fetch(queue_name, 1, *higher)
        return bodies

    def hear(self, queue_name: str) -> bool:
        """Wait for a queue's bell; False if it did not ring."""
        return self.client.blpop([self.bell(queue_name)], BLOCK_SECONDS) is not None

    def ring(self, queue_name: str) -> None:
        """Ring a queue's bell for another worker."""
        self.client.rpush(self.bell(queue_name), "1")

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
            bodies = self._fetch()
            if bodies == []:
                self._settle()
                bodies = self._fetch_at_the_bell()
        except redis.RedisError:
            time.sleep(AWAY_SECONDS)
            return None
        return _first(bodies)

    def _take_slot(self, patience: float) -> bool:
        priority = self.broker.priorities.get(self.queue_name, 0)
        return self.broker.slot.take(self.queue_name, priority, patience)

    def _fetch(self) -> list[bytes] | None:
        """As `BellBroker.fetch`; without a message, the slot is free again."""
        bodies = None
        try:
            bodies = self.broker.fetch(self.queue_name)
        finally:
            if not any(bodies or ()):
                self.broker.slot.free()
        return bodies

    def _fetch_at_the_bell(self) -> list[bytes] | None:
        if not self.broker.hear(self.queue_name):
            return None
        if not self._take_slot(PASS_ON_SECONDS):
            # A job of another queue has the slot: the message is for another worker.
            self.broker.ring(self.queue_name)
            return None
        return self._fetch()

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


def _first(bodies: list[bytes] | None) -> MessageProxy | None:
    # A message's body may be gone when Redis was emptied in between.
    return next((MessageProxy(Message.decode(body)) for body in bodies or () if body), None)
