"""The progress of chains on standard error: bars on a terminal, otherwise lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn


@dataclass(frozen=True)
class Row:
    """A row of the view: a machine; durations in words, empty if unknown."""

    machine_id: str
    stage: str
    status: str
    progress: int
    message: str
    elapsed: str
    left: str


def open_view() -> Bars | Lines:
    """A view for standard error; enter it before showing rows."""
    console = Console(stderr=True)
    return Bars(console) if console.is_terminal else Lines()


class Bars:
    """A bar for each machine, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            TextColumn("{task.fields[stage]}"),
            TextColumn("{task.fields[status]}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[elapsed]}"),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[message]}"),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, row: Row) -> None:
        """Update a bar, or add it."""
        names = ("stage", "status", "elapsed", "left", "message")
        fields = {name: getattr(row, name) for name in names}
        if row.machine_id not in self._tasks:
            bar = self._progress.add_task(row.machine_id, total=100, **fields)
            self._tasks[row.machine_id] = bar
        self._progress.update(self._tasks[row.machine_id], completed=row.progress, **fields)


class Lines:
    """A line for each change, without a terminal."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Any, ...]] = {}

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, row: Row) -> None:
        """Print a row if it has changed."""
        state = (row.stage, row.status, row.message)
        if self._seen.get(row.machine_id) == state:
            return
        self._seen[row.machine_id] = state
        parts = [row.machine_id, row.stage, row.status, f"{row.progress} %"]
        parts += [row.message, row.elapsed, row.left]
        click.echo("  ".join(part for part in parts if part), err=True)
