"""News of tasks for open sockets: over Redis as they come, from the ledger once a second.

Redis tells at once and may lose what it was told; the ledger knows all of it, and also what nobody
tells Redis: that a task was cancelled, its worker lost, its machine deleted.
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
from actors.stage import STAGES
from errors import LedgerUnavailable
from storage.ledger.chain_status import ONBOARDING
from storage.queries import task_states
from storage.queries.task_states import TaskState
from storage.settings import Settings

#: How often the ledger is asked while anybody listens, seconds.
LOOK_SECONDS = 1.0
#: Pause before Redis is tried again, seconds.
RETRY_SECONDS = 1.0

#: The status of a task that is no more, as its machine was deleted.
REMOVED = "removed"

_STATE = TypeAdapter(TaskState)


class Watcher:
    """What one socket has yet to be told: of each machine the newest state alone.

    So a client that reads slowly costs no more than the fleet has machines.

    Attributes:
        task_id: The task that it follows; None for the newest one of every machine.
        known: Of each machine, the state that the client has been told or will be.
        has_looked: Whether what the ledger had when the client came is in `known`.
    """

    def __init__(self, task_id: int | None) -> None:
        self.task_id = task_id
        self.known: dict[str, TaskState] = {}
        self.has_looked = False
        self._unsent: dict[str, TaskState] = {}
        self._news = asyncio.Event()

    def follows(self, state: TaskState) -> bool:
        """Whether a state concerns the client: of its task, or of any machine's onboarding."""
        if self.task_id is None:
            return state.chain == ONBOARDING
        return self.task_id == state.task_id

    def tell(self, state: TaskState, *, quietly: bool = False) -> None:
        """Have the client told, unless it knows that already, or better.

        Args:
            state: How a task stands.
            quietly: The client has been told, by another socket.
        """
        known = self.known.get(state.machine_id)
        if known is not None and (state == known or state.is_before(known)):
            return
        self.known[state.machine_id] = state
        if not quietly:
            self._unsent[state.machine_id] = state
            self._news.set()

    def tell_removed(self, machine_id: str) -> None:
        """Have the client told that a machine that it knows is no more."""
        self._unsent[machine_id] = replace(self.known.pop(machine_id), status=REMOVED)
        self._news.set()

    async def news(self) -> list[TaskState]:
        """What is to be sent now; waits until there is something."""
        await self._news.wait()
        return self.unsent()

    def unsent(self) -> list[TaskState]:
        """What is to be sent now, be it nothing."""
        self._news.clear()
        states, self._unsent = list(self._unsent.values()), {}
        return states


class Live:
    """All sockets of this process, and where their news come from."""

    def __init__(self, settings: Settings) -> None:
        self._watchers: set[Watcher] = set()
        self._watched = asyncio.Event()
        self._redis = connect_async(settings, PROGRESS_DB, socket_connect_timeout=ANSWER_SECONDS)

    @contextmanager
    def watching(self, task_id: int | None) -> Iterator[Watcher]:
        """A watcher that hears of a task, or of the whole fleet, from now on."""
        watcher = Watcher(task_id)
        self._watchers.add(watcher)
        self._watched.set()
        try:
            yield watcher
        finally:
            self._watchers.remove(watcher)
            if not self._watchers:
                self._watched.clear()

    async def run(self) -> None:
        """Pass news on until cancelled; nothing is asked for while nobody listens."""
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._listen)
                tasks.start_soon(self._look)
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
                            self._hear(message["data"])
            except redis.RedisError:
                await asyncio.sleep(RETRY_SECONDS)

    def _hear(self, message: bytes) -> None:
        try:
            state = _STATE.validate_json(message)
        except ValidationError:
            return  # By a worker of another version, or by somebody else.
        for watcher in self._watchers:
            if watcher.follows(state):
                watcher.tell(state)

    async def _look(self) -> None:
        while True:
            await self._watched.wait()
            # Who has just come looks for itself, and knows what its client need not be told again.
            known = {
                watcher: set(watcher.known) for watcher in self._watchers if watcher.has_looked
            }
            followed = {watcher.task_id for watcher in known}
            with suppress(LedgerUnavailable):
                found = await to_thread.run_sync(states, followed)
                for watcher, machines in known.items():
                    _show(watcher, machines, found.get(watcher.task_id, []))
            await asyncio.sleep(LOOK_SECONDS)


def states(followed: Collection[int | None]) -> dict[int | None, list[TaskState]]:
    """What the ledger has of tasks, by task; under None the fleet, if that is asked for.

    Raises:
        LedgerUnavailable: It does not answer.
    """
    tasks = task_states.of_tasks([task_id for task_id in followed if task_id is not None])
    found: dict[int | None, list[TaskState]] = {state.task_id: [state] for state in tasks}
    return found | ({None: task_states.of_fleet()} if None in followed else {})


def _show(watcher: Watcher, machines: set[str], found: list[TaskState]) -> None:
    """Tell a watcher what was found, and which of the machines it knew are gone."""
    for state in found:
        watcher.tell(state)
    for machine_id in machines - {state.machine_id for state in found}:
        watcher.tell_removed(machine_id)
