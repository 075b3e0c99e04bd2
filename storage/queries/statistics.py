"""Statistics of the fleet."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from peewee import fn

from storage.database import execute, reading
from storage.queries.durations import earlier_runs
from storage.queries.machines import MACHINE_STATUS, MACHINE_TABLES
from storage.tables import Event, Job, Machine, ModelVersion


@dataclass(frozen=True)
class StageFigures:
    """The jobs of a stage.

    Attributes:
        jobs: Number of jobs by status.
        median_seconds: Median duration of its latest runs; None before the first.
    """

    jobs: dict[str, int]
    median_seconds: float | None


@dataclass(frozen=True)
class Statistics:
    """Counts over the whole ledger.

    Attributes:
        machines: Number by status.
        categories: Number of machines by category.
        stages: By name.
        models: Number by verdict.
        files: Number of artifacts.
        bytes: Their total size.
    """

    machines: dict[str, int]
    categories: dict[str, int]
    stages: dict[str, StageFigures]
    models: dict[str, int]
    events: int
    files: int
    bytes: int


def statistics() -> Statistics:
    """Count everything."""
    with reading():
        ((files, size),) = execute(_FILES)
        return Statistics(
            machines=_machines(),
            categories=_counted(Machine, Machine.category),
            stages=_stages(),
            models=_counted(ModelVersion, ModelVersion.status),
            events=Event.select().count(),
            files=files,
            bytes=int(size),
        )


def _machines() -> dict[str, int]:
    return dict(execute(_MACHINES))


def _counted(table: Any, column: Any) -> dict[str, int]:
    rows = table.select(column, fn.COUNT(column)).group_by(column).order_by(column)
    return dict(rows.tuples())


def _stages() -> dict[str, StageFigures]:
    rows: Any = (
        Job.select(Job.stage, Job.status, fn.COUNT(Job.id))
        .group_by(Job.stage, Job.status)
        .order_by(Job.stage, Job.status)
        .tuples()
    )
    jobs: dict[str, dict[str, int]] = {}
    for stage, status, count in rows:
        jobs.setdefault(stage, {})[status] = count
    return {stage: StageFigures(counts, _median_seconds(stage)) for stage, counts in jobs.items()}


def _median_seconds(stage: str) -> float | None:
    runs = earlier_runs(stage)
    return median(runs) / 1000 if runs else None


_FILES = "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM artifacts"

_MACHINES = f"""
SELECT {MACHINE_STATUS} AS shown, COUNT(*) FROM {MACHINE_TABLES}
GROUP BY shown ORDER BY shown
"""
