"""Celery on Redis with its defaults. Run by `celery -A benchmarks.peers.celery_app worker`."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, chain

from benchmarks.peers import BROKER, NAMESPACE
from benchmarks.trace import trace

_url = os.environ[BROKER].replace("unix://", "redis+socket://", 1)
app = Celery("benchmark", broker=_url, backend=_url)
app.conf.broker_transport_options = {"global_keyprefix": os.environ[NAMESPACE]}
app.conf.result_backend_transport_options = {"global_keyprefix": os.environ[NAMESPACE]}
app.conf.task_routes = {"second": {"queue": "second"}, "*": {"queue": "first"}}


@app.task(name="first", ignore_result=True)  # type: ignore[untyped-decorator]
def first(hop: int) -> None:
    """Send the second task."""
    trace(handed_over=hop)
    second.delay(hop)


@app.task(name="second", ignore_result=True)  # type: ignore[untyped-decorator]
def second(hop: int) -> None:
    """Record that the task has started."""
    trace(first_line=hop)


@app.task(name="step")  # type: ignore[untyped-decorator]
def step(machine: str) -> str:
    """Do nothing; the result is stored."""
    return machine


def four_steps(machine: str) -> Any:
    """Four steps in sequence, with results in the backend."""
    return chain(step.s(machine), step.s(), step.s(), step.s()).apply_async()
