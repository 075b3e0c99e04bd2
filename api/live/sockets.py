"""WebSockets that stream the state of one task or of the whole fleet.

Each message is a complete state, so a client that missed some is up to date with the next one.
docs/api.md documents the messages and the close codes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any

from anyio import create_task_group, to_thread
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from actors.stage import STAGES
from api.auth.access import TRY_AGAIN_LATER, admit, still_admitted
from api.dependencies import path_params
from api.live import fleet_socket
from api.live.hub import REMOVED, Hub, Watcher, states
from errors import InvalidInput, LedgerUnavailable, NotFound, Problem
from storage.queries.task_states import LATEST_COMMIT, TaskState

#: Version of the messages.
VERSION = 1
#: How often a ping is sent and the token is checked again, seconds.
PING_SECONDS = 20.0

#: Close codes, in addition to those of `api.auth.access`: 4000 plus the HTTP status.
ENDED, NOT_FOUND, NOT_READABLE = 1000, 4404, 4422
#: Longest reason in a close frame, bytes (RFC 6455, 5.5).
_LONGEST_REASON = 123

#: Close code and reason, by whether the task has ended; otherwise its machine was deleted.
_LAST = {True: (ENDED, "the task has ended"), False: (NOT_FOUND, "its machine was deleted")}

router = APIRouter()


@router.websocket("/ws/gan/{kind}/{task_id}")
async def follow_stage(websocket: WebSocket, kind: str, task_id: str, since: str = "") -> None:
    """Follow a task of one kind of stage: `seed`, `training`, `generation` or `quality`."""
    await _serve(websocket, task_id, f"gan:{kind}", since)


@router.websocket("/ws/tasks/{task_id}")
async def follow_task(
    websocket: WebSocket, task_id: str, prefix: str | None = None, since: str = ""
) -> None:
    """Follow a task of any stage; with `prefix`, only if its stage has this progress channel."""
    await _serve(websocket, task_id, prefix, since)


@router.websocket("/ws/fleet")
async def follow_fleet(websocket: WebSocket, since: str = "", v: str = "1") -> None:
    """Follow the newest onboarding task of every machine; with `v=2`, machines and units."""
    if v == "1":
        await _serve(websocket, None, None, since)
    else:
        await _serve_fleet(websocket, v)


@router.websocket("/{path:path}")
async def unknown(websocket: WebSocket) -> None:
    """Close a socket at any other address; the reason lists the addresses that exist."""
    if await admit(websocket) is not None:
        reason = (
            "no such socket; there are /ws/fleet, /ws/tasks/{task_id} and /ws/gan/{kind}/{task_id}"
        )
        await _close(websocket, NOT_FOUND, reason)


async def _serve(websocket: WebSocket, task_id: str | None, prefix: str | None, since: str) -> None:
    if await admit(websocket) is None:
        return
    try:
        last_seq = _seq(since)
        followed = None if task_id is None else await to_thread.run_sync(_task, task_id, prefix)
        hub: Hub = websocket.app.state.hub
        with hub.watching(followed) as watcher:
            found = (await to_thread.run_sync(states, {followed})).get(followed, [])
            if followed is not None and not found:
                raise NotFound(f"no task {followed}; its machine was deleted just now")
            sent = [state for state in found if _was_sent(state, last_seq, watcher)]
            for state in found:
                watcher.receive(state, sent=state in sent)
            watcher.has_initial = True
            known = {state.machine_id for state in sent}
            await _until_it_leaves(websocket, partial(_send_updates, websocket, watcher, known))
    except InvalidInput as error:
        await _close(websocket, NOT_READABLE, str(error))
    except NotFound as error:
        await _close(websocket, NOT_FOUND, str(error))
    except LedgerUnavailable:
        await _close(websocket, TRY_AGAIN_LATER, "the ledger does not answer")


async def _serve_fleet(websocket: WebSocket, version: str) -> None:
    if await admit(websocket) is None:
        return
    try:
        query = fleet_socket.wanted(version, websocket.query_params)
        hub: Hub = websocket.app.state.hub
        with hub.viewing(query.machine_id, query.category) as viewer:
            await hub.fleet.look()
            sending = partial(fleet_socket.send_fleet, websocket, viewer, query, PING_SECONDS)
            await _until_it_leaves(websocket, sending)
    except InvalidInput as error:
        await _close(websocket, NOT_READABLE, str(error))
    except LedgerUnavailable:
        await _close(websocket, TRY_AGAIN_LATER, "the ledger does not answer")


def _seq(since: str) -> int:
    """The sequence number of the last message that a client received; 0 without one."""
    seq = _number(since or "0")
    if seq is None:
        advice = "write the seq of your last message"
        raise InvalidInput("since", [Problem("", "not a seq", advice)])
    return seq


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _task(task_id: str, prefix: str | None) -> int:
    """The id of the requested task; a task of another kind counts as not found."""
    number = _number(task_id)
    if number is None:
        raise path_params.no_task(ascii(task_id))
    job = path_params.task(number)
    stage = STAGES.get(job.stage)
    if prefix is not None and (stage is None or prefix != stage.channel):
        raise NotFound(f"task {number} is of stage {job.stage}; follow it at /ws/tasks/{number}")
    return number


def _was_sent(state: TaskState, last_seq: int, watcher: Watcher) -> bool:
    """Whether a client that reconnects has received a state before."""
    if watcher.task_id is not None:
        return state.seq <= last_seq and not state.ended
    # Another machine's state with a higher number may have become visible before this one.
    return state.seq <= last_seq - LATEST_COMMIT


async def _until_it_leaves(
    websocket: WebSocket, send_all: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    async with create_task_group() as tasks:

        async def send() -> None:
            with suppress(WebSocketDisconnect):
                await send_all()
            tasks.cancel_scope.cancel()

        tasks.start_soon(send)
        # Clients send nothing, but a disconnect is only noticed while receiving.
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass
        tasks.cancel_scope.cancel()


async def _send_updates(websocket: WebSocket, watcher: Watcher, known: set[str]) -> None:
    """Send updates until the task ends or the client's token is no longer valid.

    Args:
        websocket: The client's socket.
        watcher: The source of the updates.
        known: Machines of which the client has received a state.
    """
    clock = asyncio.get_running_loop().time
    ping_at = clock() + PING_SECONDS
    if watcher.task_id is None:
        await _send(websocket, watcher, watcher.unsent(), known)
        # A client that reconnects learns from this which machines were deleted meanwhile.
        existing = {"machine_ids": sorted(watcher.known)}
        await websocket.send_json({"v": VERSION, "ts": _now(), "type": "synced", **existing})
    while True:
        updates: list[TaskState] = []
        with suppress(TimeoutError):
            async with asyncio.timeout_at(ping_at):
                updates = await watcher.updates()
        await _send(websocket, watcher, updates, known)
        if watcher.task_id is not None and updates and _is_last(updates[-1]):
            await websocket.close(*_LAST[updates[-1].ended])
            return
        if clock() >= ping_at:
            if await still_admitted(websocket) is None:
                return
            await websocket.send_json({"v": VERSION, "ts": _now(), "type": "ping"})
            ping_at = clock() + PING_SECONDS


async def _send(
    websocket: WebSocket, watcher: Watcher, updates: list[TaskState], known: set[str]
) -> None:
    for state in updates:
        await websocket.send_json(_message(state, _type(state, watcher, known)))
        (known.discard if state.status == REMOVED else known.add)(state.machine_id)


def _is_last(state: TaskState) -> bool:
    """Whether no update of the task can follow."""
    return state.ended or state.status == REMOVED


def _type(state: TaskState, watcher: Watcher, known: set[str]) -> str:
    if state.status == REMOVED:
        return REMOVED
    if state.ended and (watcher.task_id is not None or state.machine_id in known):
        return "terminal"
    return "delta" if state.machine_id in known else "snapshot"


def _message(state: TaskState, kind: str) -> dict[str, Any]:
    return {"v": VERSION, "ts": _now(), "type": kind, **asdict(state)}


def _now() -> int:
    return round(time.time() * 1000)


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    with suppress(WebSocketDisconnect):  # The client has disconnected already.
        await websocket.close(code, reason.encode()[:_LONGEST_REASON].decode(errors="ignore"))
