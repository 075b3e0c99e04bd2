"""What users and workers do with a ledger, as functions that can be timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from actors.chain_progress import ChainProgress
from api.live.fleet_states import FleetStates
from benchmarks.growth.fill import correlation_id, machine_id
from storage.artifacts.local import LocalStore
from storage.database import transaction
from storage.ledger import leases, outbox, queues
from storage.ledger.claims import claim
from storage.ledger.event_log import NewEvent, Subscription, publish
from storage.operations import control, garbage_collection, overdue
from storage.queries import events, jobs, machines, pages
from storage.queries.statistics import statistics
from storage.status import JobStatus, MachineStatus

Operation = Callable[[], object]

#: Rows of a page.
PAGE = 100


class _Undone(Exception):
    """Ends a transaction without a trace."""


def operations(fleet: int, folder: Path) -> Mapping[str, Operation]:
    """Operations on a ledger that `fill` has written; none changes it for long.

    Args:
        fleet: Machines in it.
        folder: An empty folder for the files.
    """
    one, store = machine_id(fleet // 2), LocalStore(folder)
    states = FleetStates(24.0, ChainProgress())
    states.look()
    return {
        "a machine": lambda: machines.machine(one),
        "a page of machines": lambda: pages.machines(limit=PAGE),
        "newest machines": lambda: pages.machines(order="created_at", descending=True, limit=PAGE),
        "failed machines": lambda: pages.machines(status=MachineStatus.FAILED, limit=PAGE),
        "stale machines": lambda: pages.machines(status=MachineStatus.STALE, limit=PAGE),
        "machines of a category": lambda: pages.machines(category="category_7", limit=PAGE),
        "no machine of a maker": lambda: pages.machines(manufacturer="another", limit=PAGE),
        "machines at a stage": lambda: pages.machines(stage="train_tvae", limit=PAGE),
        "a page of events": lambda: pages.events(limit=PAGE),
        "newest events": lambda: pages.events(descending=True, limit=PAGE),
        "events of a rare type": lambda: pages.events(event_type="SeedRequested", limit=PAGE),
        "events of a run": lambda: pages.events(
            correlation_id=correlation_id(fleet // 2), limit=PAGE
        ),
        "events of a machine": lambda: events.events(machine_id=one),
        "failed jobs": lambda: jobs.jobs(status=JobStatus.FAILED, limit=PAGE),
        "jobs of a stage": lambda: jobs.jobs(stage="assess_quality", limit=PAGE),
        "jobs of no stage": lambda: jobs.jobs(stage="another", limit=PAGE),
        "load of the queues": queues.states,
        "unsent jobs": lambda: outbox.take_unsent({}),
        "overdue jobs": lambda: overdue.find(3.0),
        "a look at a fleet that rests": states.look,
        "publish, claim, complete": lambda: _stage(one),
        "retry a failed job": lambda: _undone(lambda: control.retry_failed(machine_id(0))),
        "delete a machine": lambda: _undone(lambda: control.delete_machine(one)),
        "statistics": statistics,
        "status of the fleet": machines.machines,
        "gc, dry run": lambda: garbage_collection.find(store),
    }


def _stage(machine: str) -> None:
    """A job from its event to its end."""
    asked = NewEvent("Asked", machine, {}, "benchmark", chain="benchmark")
    subscription = Subscription("stage", "queue", "benchmark")
    (job,) = publish(replace(asked, subscriptions=[subscription])).jobs
    taken = claim(job.job_id, "worker", 60.0)
    assert taken is not None
    leases.complete(taken, asked, [])


def _undone(operation: Operation) -> None:
    try:
        with transaction():
            operation()
            raise _Undone
    except _Undone:
        pass
