"""Follow machines until their onboarding and what follows it have ended, then show a summary."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from commands.embedded import EmbeddedWorkers
from commands.machines.progress_view import Row, open_view
from commands.machines.whole_chain import Left, TimeLeft, WholeChain
from commands.output import duration, print_json
from storage import database
from storage.artifacts import registry
from storage.artifacts.store import open_store
from storage.ledger import queues
from storage.queries import events, jobs, lineage
from storage.queries import machines as machine_queries
from storage.queries.jobs import JobRow
from storage.queries.machines import MachineState
from storage.settings import Settings
from storage.status import PREDICTOR_CHAIN, JobStatus, MachineStatus
from storage.telemetry.units import CONDITION_CHAIN, LIFE_CHAIN

_LOOK_SECONDS = 0.3
#: `success` ends a chain if no stage reacts to its newest event. `stale` does not: another worker
#: takes the job over.
ENDED = (
    MachineStatus.ONBOARDED,
    MachineStatus.FAILED,
    MachineStatus.CANCELLED,
    MachineStatus.SUCCESS,
)


def follow(settings: Settings, machine_ids: Sequence[str], *, as_json: bool) -> int:
    """Wait until every chain has ended, and show progress on standard error.

    That includes trainings of predictors, which start when a machine is onboarded. If no worker is
    alive and the broker is embedded, run the stack meanwhile.

    Returns:
        Exit code: 0 when all machines are onboarded, else 1.
    """
    view = open_view()
    progress = Progress()
    with ExitStack() as resources:
        stack = EmbeddedWorkers(settings, len(machine_ids), resources)
        resources.enter_context(view)
        while True:
            now, states = database.clock_ms(), _look(machine_ids)
            following = {job.machine_id: job for job in _open_jobs(machine_ids)}
            for row in progress.rows(states, following, now):
                view.show(row)
            if _ended(states) and not following and _in_place(machine_ids):
                break
            stack.help()
            time.sleep(_LOOK_SECONDS)
    summaries = [_summary(settings, machine_id) for machine_id in machine_ids]
    if as_json:
        print_json(summaries)
    else:
        _print(summaries)
    return 0 if all(s["status"] == MachineStatus.ONBOARDED for s in summaries) else 1


def _open_jobs(machine_ids: Sequence[str]) -> list[JobRow]:
    """The jobs that wait or run, without those of paused queues and of units in service."""
    paused = {name for name, queue in queues.states().items() if queue.paused_at is not None}
    return [
        job
        for job in jobs.open_jobs(machine_ids)
        if job.queue not in paused and job.chain not in (CONDITION_CHAIN, LIFE_CHAIN)
    ]


def _look(machine_ids: Sequence[str]) -> dict[str, MachineState]:
    return {
        one.machine_id: one for one in machine_queries.machines() if one.machine_id in machine_ids
    }


def _ended(states: dict[str, MachineState]) -> bool:
    return all(state.status in ENDED for state in states.values())


def _in_place(machine_ids: Sequence[str]) -> bool:
    """Whether every file is available under its published name, shortly after the commit."""
    files = [
        file for machine_id in machine_ids for file in registry.of_machine(machine_id).values()
    ]
    return all(file.published_at is not None for file in files)


class Progress:
    """What is shown of the machines: one row for each, for its whole way to predictions."""

    def __init__(self) -> None:
        self._chain = WholeChain()
        self._left = TimeLeft()

    def rows(
        self, states: dict[str, MachineState], following: dict[str, JobRow], now: int
    ) -> Iterator[Row]:
        """The rows to show; a machine of which nothing has begun has none.

        Args:
            states: The machines.
            following: The newest open job of each machine that has one.
            now: The ledger's time, ms since 1970.
        """
        for machine_id, (run, reached) in self._chain.of([*states.values()], following).items():
            state, job = states[machine_id], following.get(machine_id)
            began_at = run.began_at or state.since
            # Several machines wait for each other, so nothing is known of when one ends.
            alone = job is not None and len(states) == 1
            left = self._left.of(job, began_at, now) if job and alone else None
            elapsed = ((now if job else state.since) - began_at) / 1000
            yield _row(state, job, reached, duration(elapsed), _words(left))


def _row(state: MachineState, job: JobRow | None, reached: int, elapsed: str, left: str) -> Row:
    stage, status = state.stage or "", str(state.status)
    message = state.error_message or ""
    if job is not None:
        stage, status = job.stage, job.shown_status
        message = job.message if job.status is JobStatus.RUNNING else job.error_message or ""
    elif state.status is MachineStatus.ONBOARDED:
        stage = message = ""
    return Row(state.machine_id, stage, status, reached, message, elapsed, left)


def _words(left: Left | None) -> str:
    if left is None:
        return ""
    shortest, longest = duration(left.shortest), duration(left.longest)
    return f"{longest} left" if shortest == longest else f"{shortest} to {longest} left"


def _summary(settings: Settings, machine_id: str) -> dict[str, Any]:
    where = machine_queries.machine(machine_id)
    store = open_store(settings.artifact_root, settings.home)
    history = events.events(machine_id=machine_id)
    took = (where.since - history[0].occurred_at) / 1000 if history else 0.0
    model = lineage.newest_model(machine_id)
    chains = {chain.chain: chain.status for chain in machine_queries.chains(machine_id)}
    return {
        "machine_id": machine_id,
        "stage": where.stage,
        "status": where.status,
        "error": where.error_message,
        "epochs": model and model.epochs,
        "final_loss": model and model.final_loss,
        "predictor": chains.get(PREDICTOR_CHAIN),
        "seconds": round(took, 1),
        "files": {key: store.address(key) for key in registry.of_machine(machine_id)},
    }


def _print(summaries: list[dict[str, Any]]) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = 160  # A file has no right margin.
    table = Table("machine", "status", "epochs", "final loss", "predictor", "took")
    for summary in summaries:
        loss = summary["final_loss"]
        table.add_row(
            summary["machine_id"],
            summary["status"],
            str(summary["epochs"] or ""),
            "" if loss is None else f"{loss:.3f}",
            summary["predictor"] or "",
            duration(summary["seconds"]),
        )
    console.print(table)
    if len(summaries) == 1:
        for address in summaries[0]["files"].values():
            click.echo(address)
    for summary in summaries:
        if summary["error"] and summary["status"] != MachineStatus.ONBOARDED:
            click.echo(f"{summary['machine_id']}: {summary['error']}")
            click.echo(f"  more: fleetforge why {summary['machine_id']}")
