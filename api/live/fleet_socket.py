"""`/ws/fleet?v=2`: the states of machines and units, in frames by the clock.

A client gets a frame at most every `every` ms, with the newest state of each that has changed. So
many changes cost it no more than a few. docs/api.md documents the messages.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
from fastapi import WebSocket

from api.auth.access import still_admitted
from api.live.fleet_feed import LOOK_SECONDS, Viewer
from api.live.fleet_states import Key, State
from errors import InvalidInput, Problem
from GAN.profiles.profile import MACHINE_ID_PATTERN
from storage.queries.task_states import LATEST_COMMIT

VERSION = 2

#: The shortest, the longest and the usual time between two frames, ms.
SHORTEST_MS, LONGEST_MS, USUAL_MS = 100, 5_000, 250

#: States in one frame.
MOST_STATES = 500

#: A state may have been noticed so much later than another one with a higher number, ms.
_MARGIN = LATEST_COMMIT + round(LOOK_SECONDS * 1000)

_CATEGORY = re.compile(r"[a-z0-9_]{1,60}")


@dataclass(frozen=True)
class Wanted:
    """What a client has asked for.

    Attributes:
        since: The highest number that it has received; 0 without one.
        every_ms: The time between two frames.
        machine_id: Only this machine.
        category: Only machines of this category.
    """

    since: int
    every_ms: int
    machine_id: str | None
    category: str | None


def wanted(version: str, query: Mapping[str, str]) -> Wanted:
    """What a query asks for.

    Args:
        version: Of the messages.
        query: The other parameters.

    Raises:
        InvalidInput: With all problems of it.
    """
    problems = []
    if version != str(VERSION):
        problems.append(Problem("v", "no such version", f"write 1 or {VERSION}"))
    since, every = query.get("since") or "0", query.get("every") or str(USUAL_MS)
    machine_id, category = query.get("machine") or None, query.get("category") or None
    if not _is_number(since):
        problems.append(Problem("since", "not a seq", "write the highest seq received"))
    if not _is_number(every) or not SHORTEST_MS <= int(every) <= LONGEST_MS:
        advice = f"write {SHORTEST_MS} to {LONGEST_MS}"
        problems.append(Problem("every", "not a time between frames, ms", advice))
    if machine_id is not None and not re.fullmatch(MACHINE_ID_PATTERN, machine_id):
        problems.append(Problem("machine", "no machine id", "see GET /api/gan/machines"))
    if category is not None and not _CATEGORY.fullmatch(category):
        problems.append(Problem("category", "no category", "write one such as pump"))
    if problems:
        raise InvalidInput("query", problems)
    return Wanted(int(since), int(every), machine_id, category)


async def send_fleet(
    websocket: WebSocket, viewer: Viewer, query: Wanted, ping_seconds: float
) -> None:
    """Send states until the client's token is no longer valid.

    Args:
        websocket: The client's socket, admitted.
        viewer: The source of the states; its feed has looked at the ledger.
        query: What the client has asked for.
        ping_seconds: How often a ping is sent and the token is checked again.
    """
    clock = asyncio.get_running_loop().time
    await _send_first(websocket, viewer, query)
    ping_at = clock() + ping_seconds
    frame_at = clock()
    while True:
        due = False
        with suppress(TimeoutError):
            async with asyncio.timeout_at(ping_at):
                await viewer.wait()
                await asyncio.sleep(frame_at - clock())
                due = True
        if due:
            frame_at = clock() + query.every_ms / 1000
            await _send_changes(websocket, viewer)
        if clock() >= ping_at:
            if await still_admitted(websocket) is None:
                return
            await websocket.send_text(_message("ping"))
            ping_at = clock() + ping_seconds


async def _send_first(websocket: WebSocket, viewer: Viewer, query: Wanted) -> None:
    """Send the states that the client does not have, and how many there are."""
    there = viewer.everything()
    highest = max((state.seq for state in there.values()), default=0)
    # A higher number comes from another ledger, or of a machine that was deleted.
    since = query.since if query.since <= highest else 0
    newer = [(key, state) for key, state in there.items() if state.seq > since - _MARGIN]
    await _send_states(websocket, newer, first=True)
    machine_ids = [key.machine_id for key in there if key.unit is None]
    synced: dict[str, Any] = {
        "machines": len(machine_ids),
        "units": len(there) - len(machine_ids),
    }
    if query.since:
        # The client learns from this which machines were deleted meanwhile.
        synced["machine_ids"] = sorted(machine_ids)
    await websocket.send_text(_message("synced", synced))


async def _send_changes(websocket: WebSocket, viewer: Viewer) -> None:
    removed, states = viewer.take()
    if removed:
        await websocket.send_text(_message("removed", _gone(removed)))
    await _send_states(websocket, states.items(), first=False)


async def _send_states(
    websocket: WebSocket, states: Iterable[tuple[Key, State]], *, first: bool
) -> None:
    left = iter(states)
    while some := list(islice(left, MOST_STATES)):
        machines = [state.text for key, state in some if key.unit is None]
        units = [state.text for key, state in some if key.unit is not None]
        await websocket.send_text(
            f'{{"v":{VERSION},"ts":{_now()},"type":"states","first":{str(first).lower()},'
            f'"machines":[{",".join(machines)}],"units":[{",".join(units)}]}}'
        )


def _gone(removed: set[Key]) -> dict[str, Any]:
    machine_ids = {key.machine_id for key in removed if key.unit is None}
    units = [
        (machine_id, unit or None) for machine_id, unit in removed if machine_id not in machine_ids
    ]
    return {"machine_ids": sorted(machine_ids), "units": units}


def _message(kind: str, content: dict[str, Any] | None = None) -> str:
    message = {"v": VERSION, "ts": _now(), "type": kind} | (content or {})
    return orjson.dumps(message).decode()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def _now() -> int:
    return round(time.time() * 1000)
