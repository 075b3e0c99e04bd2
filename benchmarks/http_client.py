"""Clients of the service: requests are due at fixed times, independent of earlier responses.

Response times are measured from when a request is due, so a stall affects all requests that wait.
The clients run in a separate process, so that they do not measure the benchmark itself. Prints
JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import NamedTuple

import aiohttp
import uvloop

#: Paths that a dashboard requests; `{machine}` and `{task}` are those of an onboarded machine.
PATHS = (
    "/api/gan/machines",
    "/api/gan/machines?status=onboarded&limit=10",
    "/api/gan/machines/{machine}",
    "/api/gan/tasks/{task}",
    "/api/events?sort=-id&limit=20",
    "/api/gan/statistics",
    "/api/gan/templates",
    "/readyz",
)


class Answer(NamedTuple):
    """One request.

    Attributes:
        late: Time from when it was due until it was sent, seconds: the delay of the client itself.
        seconds: Time from when it was due until the response was read.
        ok: Whether the status was 200.
    """

    late: float
    seconds: float
    ok: bool


async def ask(session: aiohttp.ClientSession, path: str, due: float) -> Answer:
    """Send a request when it is due."""
    await asyncio.sleep(due - time.perf_counter())
    late = time.perf_counter() - due
    try:
        async with session.get(path) as answer:
            await answer.read()
            ok = answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        ok = False
    return Answer(late, time.perf_counter() - due, ok)


async def load(url: str, machine: str, task: str, rate: float, seconds: float) -> list[Answer]:
    """Request one path after the other, `rate` a second."""
    paths = [path.format(machine=machine, task=task) for path in PATHS]
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    async with aiohttp.ClientSession(url, connector=connector) as session:
        began = time.perf_counter() + 0.5
        return await asyncio.gather(
            *(
                ask(session, paths[number % len(paths)], began + number / rate)
                for number in range(round(rate * seconds))
            )
        )


if __name__ == "__main__":
    url, machine, task, rate, seconds = sys.argv[1:]
    print(json.dumps(uvloop.run(load(url, machine, task, float(rate), float(seconds)))))  # noqa: T201
