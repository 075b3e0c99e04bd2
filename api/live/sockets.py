"""WebSockets: how a task, or the whole fleet, stands from moment to moment.

Each message is a whole state, so whoever misses some is right again with the next one. docs/api.md
tells clients what they get, and with which codes a socket is closed.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from anyio import create_task_group, to_thread
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from actors.stage import STAGES
from api.auth.access import TRY_AGAIN_LATER, admit, still_admitted
from api.dependencies import path_params
from api.live.hub import REMOVED, Live, Watcher, states
from errors import InvalidInput, LedgerUnavailable, NotFound, Problem
from storage.queries.task_states import LATEST_COMMIT, TaskState

#: Version of the messages.
VERSION = 1
#: An open socket hears something at least so often, and its token is looked at again, seconds.
PING_SECONDS = 20.0

#: Close codes beside those of `api.auth.access`: 4000 and the status that HTTP has for it, too.
ENDED, NOT_FOUND, NOT_READABLE = 1000, 4404, 4422
#: What a close frame holds, bytes (RFC 6455, 5.5).
_LONGEST_REASON = 123

#: How a socket ends with its task, which has ended or is no more.
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
    """Follow a task of any stage, or only of one whose progress channel has this prefix."""
    await _serve(websocket, task_id, prefix, since)


@router.websocket("/ws/fleet")
async def follow_fleet(websocket: WebSocket, since: str = "") -> None:
    """Follow the newest task of every machine."""
    await _serve(websocket, None, None, since)


@router.websocket("/{path:path}")
async def nothing(websocket: WebSocket) -> None:
    """Tell whoever asks for another socket which ones there are."""
    if await admit(websocket) is not None:
        told = (
            "no such socket; there are /ws/fleet, /ws/tasks/{task_id} and /ws/gan/{kind}/{task_id}"
        )
        await _close(websocket, NOT_FOUND, told)


async def _serve(websocket: WebSocket, task_id: str | None, prefix: str | None, since: str) -> None:
    if await admit(websocket) is None:
        return
    try:
        seen = _seq(since)
        followed = None if task_id is None else await to_thread.run_sync(_task, task_id, prefix)
        hub: Live = websocket.app.state.live
        with hub.watching(followed) as watcher:
            found = (await to_thread.run_sync(states, {followed})).get(followed, [])
            if followed is not None and not found:
                raise NotFound(f"no task {followed}; its machine was deleted just now")
            told = [state for state in found if _was_told(state, seen, watcher)]
            for state in found:
                watcher.tell(state, quietly=state in told)
            watcher.has_looked = True
            await _until_it_leaves(websocket, watcher, {state.machine_id for state in told})
    except InvalidInput as error:
        await _close(websocket, NOT_READABLE, str(error))
    except NotFound as error:
        await _close(websocket, NOT_FOUND, str(error))
    except LedgerUnavailable:
        await _close(websocket, TRY_AGAIN_LATER, "the ledger does not answer")


def _seq(since: str) -> int:
    """The number of the last message that a client had; 0 if it had none."""
    seq = _number(since or "0")
    if seq is None:
        advice = "write the one of your last message"
        raise InvalidInput("since", [Problem("", "not a seq", advice)])
    return seq


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _task(task_id: str, prefix: str | None) -> int:
    """The task that is meant; one of another kind is as good as none."""
    number = _number(task_id)
    if number is None:
        raise path_params.no_task(ascii(task_id))
    job = path_params.task(number)
    stage = STAGES.get(job.stage)
    if prefix is not None and (stage is None or prefix != stage.channel):
        raise NotFound(f"task {number} is of stage {job.stage}; follow it at /ws/tasks/{number}")
    return number


def _was_told(state: TaskState, seen: int, watcher: Watcher) -> bool:
    """Whether a client that comes back need not hear of a state again."""
    if watcher.task_id is not None:
        return state.seq <= seen and not state.ended
    # Another machine's higher number may have been there before this one.
    return state.seq <= seen - LATEST_COMMIT


async def _until_it_leaves(websocket: WebSocket, watcher: Watcher, told: set[str]) -> None:
    async with create_task_group() as tasks:

        async def tell() -> None:
            with suppress(WebSocketDisconnect):
                await _tell(websocket, watcher, told)
            tasks.cancel_scope.cancel()

        tasks.start_soon(tell)
        # Clients have nothing to say, but only who listens hears them leave.
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass
        tasks.cancel_scope.cancel()


async def _tell(websocket: WebSocket, watcher: Watcher, told: set[str]) -> None:
    """Pass on what is new until the task ends, or the client's right to hear of it.

    Args:
        websocket: Where to.
        watcher: Where from.
        told: The machines of which the client has heard before.
    """
    clock = asyncio.get_running_loop().time
    ping_at = clock() + PING_SECONDS
    if watcher.task_id is None:
        await _pass_on(websocket, watcher, watcher.unsent(), told)
        # Who comes back cannot know otherwise which machines were deleted meanwhile.
        there = {"machine_ids": sorted(watcher.known)}
        await websocket.send_json({"v": VERSION, "ts": _now(), "type": "synced", **there})
    while True:
        news: list[TaskState] = []
        with suppress(TimeoutError):
            async with asyncio.timeout_at(ping_at):
                news = await watcher.news()
        await _pass_on(websocket, watcher, news, told)
        if watcher.task_id is not None and news and _is_last(news[-1]):
            await websocket.close(*_LAST[news[-1].ended])
            return
        if clock() >= ping_at:
            if await still_admitted(websocket) is None:
                return
            await websocket.send_json({"v": VERSION, "ts": _now(), "type": "ping"})
            ping_at = clock() + PING_SECONDS


async def _pass_on(
    websocket: WebSocket, watcher: Watcher, news: list[TaskState], told: set[str]
) -> None:
    for state in news:
        await websocket.send_json(_message(state, _type(state, watcher, told)))
        (told.discard if state.status == REMOVED else told.add)(state.machine_id)


def _is_last(state: TaskState) -> bool:
    """Whether nothing more is to be told of a task."""
    return state.ended or state.status == REMOVED


def _type(state: TaskState, watcher: Watcher, told: set[str]) -> str:
    if state.status == REMOVED:
        return REMOVED
    if state.ended and (watcher.task_id is not None or state.machine_id in told):
        return "terminal"
    return "delta" if state.machine_id in told else "snapshot"


def _message(state: TaskState, kind: str) -> dict[str, Any]:
    return {"v": VERSION, "ts": _now(), "type": kind, **asdict(state)}


def _now() -> int:
    return round(time.time() * 1000)


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    with suppress(WebSocketDisconnect):  # It has left by itself.
        await websocket.close(code, reason.encode()[:_LONGEST_REASON].decode(errors="ignore"))
