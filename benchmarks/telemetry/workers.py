"""Processes that serve telemetry: workers, and the HTTP service."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from storage.ledger import workers
from storage.settings import PREFIX

_LIMIT_SECONDS = 120.0


def start_worker(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a worker for the queue of readings."""
    command = [sys.executable, "-P", "-m", "cli", "worker", "--queues", "telemetry"]
    return subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def wait_for_workers(count: int) -> None:
    """Wait until so many workers take jobs."""
    until = time.monotonic() + _LIMIT_SECONDS
    while sum(one.ready_at is not None for one in workers.alive()) < count:
        if time.monotonic() > until:
            raise TimeoutError(f"no {count} workers within {_LIMIT_SECONDS:g} s")
        time.sleep(0.1)


@contextmanager
def worker(environment: Mapping[str, str]) -> Iterator[None]:
    """One worker, ready for jobs, for the duration of the block."""
    process = start_worker(environment)
    try:
        wait_for_workers(1)
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def service(environment: Mapping[str, str]) -> Iterator[str]:
    """The HTTP service, without a rate limit; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", "web", "--port", str(port)],
        env={**environment, f"{PREFIX}RATE_LIMIT": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for_answer(address)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _wait_for_answer(address: str) -> None:
    until = time.monotonic() + _LIMIT_SECONDS
    while True:
        try:
            httpx.get(f"{address}/livez").raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
