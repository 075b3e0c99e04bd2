"""Updates of tasks for open sockets: from Redis at once, and from the ledger once a second.

Redis is fast and may lose updates. The ledger has all of them, including those that are not
published to Redis: a task was cancelled, its worker was lost, its machine was deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import redis
from anyio import create_task_group, to_thread
from pydantic import TypeAdapter, ValidationError

from actors.broker.client import ANSWER_SECONDS, PROGRESS_DB, connect_async
from actors.chain_progress import ChainProgress
from actors.stage import STAGES
from api.live.fleet_feed import FleetFeed, Viewer
from errors import LedgerUnavailable
from storage.ledger.chain_status import ONBOARDING
from storage.queries import task_states
from storage.queries.task_states import TaskState
from storage.settings import Settings

#: How often the ledger is read while a socket is open, seconds.
LOOK_SECONDS = 1.0
#: Pause before Redis is tried again, seconds.
RETRY_SECONDS = 1.0

#: The status of a task whose machine was deleted.
REMOVED = "removed"

_STATE = TypeAdapter(TaskState)


class Watcher:
    """The states that one socket still has to send: only the newest of each machine.

    So a client that reads slowly needs no more memory than one state for each machine.

    Attributes:
        task_id: The task that it follows; None: the newest onboarding task of
            every machine.
        known: By machine, the newest state that was sent or is about to be sent.
        has_initial: Whether `known` has the states that the ledger had when the client connected.
    """

    def __init__(self, task_id: int | None) -> None:
        self.task_id = task_id
        self.known: dict[str, TaskState] = {}
        self.has_initial = False
        self._unsent: dict[str, TaskState] = {}
        self._has_unsent = asyncio.Event()

    def follows(self, state: TaskState) -> bool:
        """Whether the client follows the state's task, or every machine's onboarding."""
        if self.task_id is None:
            return state.chain == ONBOARDING
        return self.task_id == state.task_id

    def receive(self, state: TaskState, *, sent: bool = False) -> None:
        """Queue a state for sending, unless the client has it or a later one.

        Args:
            state: The state of a task.
            sent: Whether the client has it already, from an earlier connection.
        """
        known = self.known.get(state.machine_id)
        if known is not None and (state == known or state.is_before(known)):
            return
        self.known[state.machine_id] = state
        if not sent:
            self._unsent[state.machine_id] = state
            self._has_unsent.set()

    def receive_removed(self, machine_id: str) -> None:
        """Queue the message that a machine was deleted."""
        self._unsent[machine_id] = replace(self.known.pop(machine_id), status=REMOVED)
        self._has_unsent.set()

    async def updates(self) -> list[TaskState]:
        """Take the states to send; waits until there is one."""
        await self._has_unsent.wait()
        return self.unsent()

    def unsent(self) -> list[TaskState]:
        """Take the states to send now; empty without any."""
        self._has_unsent.clear()
        states, self._unsent = list(self._unsent.values()), {}
        return states


class Hub:
    """Passes updates from Redis and the ledger to all open sockets of this process.

    Attributes:
        fleet: The states of the fleet, for sockets of version 2.
    """

    def __init__(self, settings: Settings, progress: ChainProgress) -> None:
        self.fleet = FleetFeed(settings.silent_hours, progress)
        self._watchers: set[Watcher] = set()
        self._open_sockets = 0
        self._watched = asyncio.Event()
        self._redis = connect_async(settings, PROGRESS_DB, socket_connect_timeout=ANSWER_SECONDS)

    @contextmanager
    def watching(self, task_id: int | None) -> Iterator[Watcher]:
        """A watcher that receives updates of a task, or of the whole fleet if it is None."""
        watcher = Watcher(task_id)
        self._watchers.add(watcher)
        try:
            with self._socket():
                yield watcher
        finally:
            self._watchers.remove(watcher)

    @contextmanager
    def viewing(self, machine_id: str | None, category: str | None) -> Iterator[Viewer]:
        """A viewer of `fleet`, which looks whenever a worker reports something."""
        with self._socket(), self.fleet.viewing(machine_id, category) as viewer:
            yield viewer

    @contextmanager
    def _socket(self) -> Iterator[None]:
        self._open_sockets += 1
        self._watched.set()
        try:
            yield
        finally:
            self._open_sockets -= 1
            if not self._open_sockets:
                self._watched.clear()

    async def run(self) -> None:
        """Pass updates on until cancelled; reads nothing while no socket is open."""
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._listen)
                tasks.start_soon(self._poll)
                tasks.start_soon(self.fleet.run)
        finally:
            await self._redis.aclose()

    async def _listen(self) -> None:
        channels = [f"{channel}:*" for channel in {stage.channel for stage in STAGES.values()}]
        while True:
            await self._watched.wait()
            try:
                async with self._redis.pubsub() as listener:
                    await listener.psubscribe(*channels)
                    async for message in listener.listen():
                        if message["type"] == "pmessage":
                            self._receive(message["data"])
            except redis.RedisError:
                await asyncio.sleep(RETRY_SECONDS)

    def _receive(self, message: bytes) -> None:
        self.fleet.wake()
        try:
            state = _STATE.validate_json(message)
        except ValidationError:
            return  # From a worker of another version, or not from a worker.
        for watcher in self._watchers:
            if watcher.follows(state):
                watcher.receive(state)

    async def _poll(self) -> None:
        while True:
            await self._watched.wait()
            # A new socket reads the ledger itself: it knows which states its client already has.
            known = {
                watcher: set(watcher.known) for watcher in self._watchers if watcher.has_initial
            }
            followed = {watcher.task_id for watcher in known}
            with suppress(LedgerUnavailable):
                found = await to_thread.run_sync(states, followed)
                for watcher, machines in known.items():
                    _update(watcher, machines, found.get(watcher.task_id, []))
            await asyncio.sleep(LOOK_SECONDS)


def states(followed: Collection[int | None]) -> dict[int | None, list[TaskState]]:
    """The ledger's states of tasks.

    Args:
        followed: Ids of tasks; None stands for the whole fleet.

    Returns:
        The states by task id, and those of the fleet under None.

    Raises:
        LedgerUnavailable: The ledger does not answer.
    """
    tasks = task_states.of_tasks([task_id for task_id in followed if task_id is not None])
    found: dict[int | None, list[TaskState]] = {state.task_id: [state] for state in tasks}
    return found | ({None: task_states.of_fleet()} if None in followed else {})


def _update(watcher: Watcher, machines: set[str], found: list[TaskState]) -> None:
    """Pass a watcher the ledger's states, and which of its machines were deleted."""
    for state in found:
        watcher.receive(state)
    for machine_id in machines - {state.machine_id for state in found}:
        watcher.receive_removed(machine_id)
