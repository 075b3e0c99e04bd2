"""Readers of the service: requests that are due at fixed times, whether earlier ones are answered.

What is measured begins when a request is due, so a stall counts for all who wait. A process of its
own, so that what the benchmark does besides is not measured. Prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import NamedTuple

import aiohttp
import uvloop

#: What a dashboard asks for; `{machine}` and `{task}` are of a machine that is onboarded.
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
        late: From when it was due until it was sent, seconds: what the client itself is late.
        seconds: From when it was due until its answer was read.
        ok: Whether that was a 200.
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
    """Ask for one path after the other, so many a second."""
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
