"""The fleet as it is now, for the sockets that show it: looked at once, sent to all.

The ledger is looked at when Redis says that a worker has done something, and once a second.
Nothing is read while no socket is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from anyio import to_thread

from actors.chain_progress import ChainProgress
from api.live.fleet_states import FleetStates, Key, Look, State
from errors import LedgerUnavailable

#: The longest and the shortest time between two looks, seconds.
LOOK_SECONDS = 1.0
SHORTEST_LOOK_SECONDS = 0.25


class Viewer:
    """What one socket has still to send: only the newest state of each machine and unit.

    Args:
        states: The newest states of the feed.
        machine_id: Only this machine and its units.
        category: Only machines of this category and their units.
    """

    def __init__(
        self, states: Mapping[Key, State], machine_id: str | None, category: str | None
    ) -> None:
        self._states = states
        self._machine_id = machine_id
        self._category = category
        self._unsent: dict[Key, State] = {}
        self._removed: set[Key] = set()
        self._has_unsent = asyncio.Event()

    def _follows(self, key: Key, state: State) -> bool:
        return self._machine_id in (None, key.machine_id) and (
            self._category in (None, state.category)
        )

    def receive(self, look: Look) -> None:
        """Queue what a look has found."""
        for key in look.removed:
            if self._machine_id in (None, key.machine_id):
                self._unsent.pop(key, None)
                self._removed.add(key)
        for key, state in look.changed.items():
            if self._follows(key, state):
                self._unsent[key] = state
        if self._unsent or self._removed:
            self._has_unsent.set()

    def everything(self) -> dict[Key, State]:
        """All states that there are now; what was queued is among them."""
        self.take()
        return {key: state for key, state in self._states.items() if self._follows(key, state)}

    async def wait(self) -> None:
        """Wait until there is something to send."""
        await self._has_unsent.wait()

    def take(self) -> tuple[set[Key], dict[Key, State]]:
        """Take what is to be sent: first what is gone, then new states."""
        self._has_unsent.clear()
        removed, self._removed = self._removed, set()
        states, self._unsent = self._unsent, {}
        return removed, states


class FleetFeed:
    """Looks at the ledger for all open sockets of this process."""

    def __init__(self, silent_hours: float, progress: ChainProgress) -> None:
        self._states: dict[Key, State] = {}
        self._source = FleetStates(silent_hours, progress)
        self._viewers: set[Viewer] = set()
        self._viewed = asyncio.Event()
        self._woken = asyncio.Event()
        self._looking = asyncio.Lock()

    @contextmanager
    def viewing(self, machine_id: str | None, category: str | None) -> Iterator[Viewer]:
        """A viewer that receives what changes; call `look` before the first states are sent."""
        viewer = Viewer(self._states, machine_id, category)
        self._viewers.add(viewer)
        self._viewed.set()
        try:
            yield viewer
        finally:
            self._viewers.remove(viewer)
            if not self._viewers:
                self._viewed.clear()

    def wake(self) -> None:
        """Look soon: a worker has done something."""
        self._woken.set()

    async def look(self) -> None:
        """Look at the ledger, and pass on what has changed.

        Raises:
            LedgerUnavailable: The ledger does not answer.
        """
        async with self._looking:
            look = await to_thread.run_sync(self._source.look)
            for key in look.removed:
                self._states.pop(key, None)
            self._states.update(look.changed)
            for viewer in self._viewers:
                viewer.receive(look)

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await self._viewed.wait()
            self._woken.clear()
            with suppress(LedgerUnavailable):
                await self.look()
            await asyncio.sleep(SHORTEST_LOOK_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS - SHORTEST_LOOK_SECONDS):
                    await self._woken.wait()
