"""Retention: which files and models the ledger keeps, and which are outdated.

The database finds what is outdated, so that only this reaches Python. Each rule is asked twice: of
all rows, and of a few rows again in the transaction that deletes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from storage.artifacts.registry import ARCHIVES
from storage.database import clock_ms, execute
from storage.operations.batches import execute_for, in_batches

#: How many of a machine's newest models and predictors are kept, in addition to the newest accepted
#: model and the live predictor.
KEEP_MODELS = 2


class StoredFile(NamedTuple):
    """A row of `artifacts`; `size` in bytes."""

    id: int
    machine_id: str
    job_id: int
    key: str
    staged_key: str
    size: int


class OldModel(NamedTuple):
    """A version of a model or predictor that is not kept.

    Attributes:
        kind: `model` or `predictor`.
        files: The files of its training: the model and its description.
    """

    kind: str
    id: int
    machine_id: str
    version: int
    key: str
    files: tuple[StoredFile, ...]


@dataclass(frozen=True)
class Outdated:
    """What the rules do not keep.

    Attributes:
        superseded: Files for which a newer one is published under the same key.
        models: Versions of models and predictors; of each machine, newest first.
        busy: Machines that have such rows, and open jobs that may need them; their rows are left
            out.
    """

    superseded: Sequence[StoredFile]
    models: Sequence[OldModel]
    busy: frozenset[str]


def outdated(keep_models: int) -> Outdated:
    """Find all that is outdated; call inside `reading`.

    Args:
        keep_models: How many of a machine's newest models and predictors are kept.
    """
    files, busy = _split(execute(_SUPERSEDED.format(which=_REPEATED)))
    models = list[OldModel]()
    for kind in _VERSIONS:
        rows, busy_here = _split(execute(_old(kind, "TRUE"), keep=keep_models))
        models += _with_files(kind, rows)
        busy |= busy_here
    return Outdated([StoredFile(*row) for row in files], models, busy)


def still_superseded(files: Sequence[StoredFile]) -> tuple[list[StoredFile], frozenset[str]]:
    """Those of the files that still are superseded; call inside a transaction.

    Returns:
        Those of machines without open jobs, and the other machines.
    """
    statement = _SUPERSEDED.format(which="older.id IN ({ids})")
    rows, busy = _split(execute_for([file.id for file in files], statement))
    return [StoredFile(*row) for row in rows], busy


def still_old(
    kind: str, models: Sequence[OldModel], keep_models: int
) -> tuple[list[OldModel], frozenset[str]]:
    """Those of the versions that still are not kept; call inside a transaction.

    Args:
        kind: The kind of all of them, `model` or `predictor`.
        models: The versions.
        keep_models: As in `outdated`.

    Returns:
        Those of machines without open jobs, and the other machines.
    """
    statement = _old(kind, "old.id IN ({ids})")
    rows, busy = _split(execute_for([model.id for model in models], statement, keep=keep_models))
    return list(_with_files(kind, rows)), busy


def expired_readings(days: int) -> list[StoredFile]:
    """Files with readings of days that are longer ago; call inside `reading`.

    Args:
        days: How long readings are kept.
    """
    oldest = datetime.fromtimestamp(clock_ms() / 1000, UTC) - timedelta(days=days)
    rows = execute(_READINGS, folder=ARCHIVES, oldest=oldest.date().isoformat())
    return [StoredFile(*row) for row in rows]


def _split(rows: Sequence[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], frozenset[str]]:
    """The rows of machines without open jobs, and the other machines; by the last column."""
    busy = frozenset(row[1] for row in rows if row[-1])
    return [row[:-1] for row in rows if not row[-1]], busy


def _with_files(kind: str, rows: Sequence[tuple[Any, ...]]) -> Iterator[OldModel]:
    for batch in in_batches(rows):
        files: dict[int, list[StoredFile]] = defaultdict(list)
        for row in execute_for([job_id for *_, job_id in batch], _OF_JOBS):
            file = StoredFile(*row)
            files[file.job_id].append(file)
        for row_id, machine_id, version, key, job_id in batch:
            yield OldModel(kind, row_id, machine_id, version, key, tuple(files[job_id]))


class _Versions(NamedTuple):
    """A table of versions: its columns as SQL.

    Attributes:
        chosen: Whether the model is accepted, or the predictor is live.
    """

    table: str
    key: str
    job: str
    chosen: str


_VERSIONS = {
    "model": _Versions(
        "model_versions",
        "old.model_path",
        "(SELECT task_id FROM gan_training_jobs WHERE id = old.training_job_id)",
        "{row}.status = 'accepted'",
    ),
    "predictor": _Versions("predictors", "old.key", "old.job_id", "{row}.live"),
}

# Jobs of recurring events need no file that is removed here.
_OPEN = """
EXISTS (
    SELECT 1 FROM jobs JOIN events ON events.id = jobs.event_id
    WHERE jobs.machine_id = {row}.machine_id AND jobs.status IN ('pending', 'running')
        AND NOT events.recurring
)
"""

_FILE = "id, machine_id, job_id, key, staged_key, size"
_OF_JOBS = f"SELECT {_FILE} FROM artifacts WHERE job_id IN ({{ids}}) ORDER BY id"

# The name of such a file is its machine's folder, then its day; see `storage.telemetry.archives`.
_READINGS = f"""
SELECT {_FILE} FROM artifacts
WHERE substr(key, 1, {len(ARCHIVES)}) = :folder
    AND substr(key, {len(ARCHIVES)} + length(machine_id) + 2, {len("2000-01-01")}) < :oldest
ORDER BY machine_id, id
"""

# An index has these columns, so this does not read the table.
_REPEATED = """
(older.machine_id, older.key) IN (
    SELECT machine_id, key FROM artifacts GROUP BY machine_id, key HAVING COUNT(*) > 1
)
"""

# The files of a training go with its model. They are found by the machine, for which the tables of
# versions have an index.
_SUPERSEDED = f"""
SELECT {_FILE}, {_OPEN.format(row="older")}
FROM artifacts AS older
WHERE {{which}}
    AND EXISTS (
        SELECT 1 FROM artifacts AS newer
        WHERE newer.machine_id = older.machine_id AND newer.key = older.key
            AND newer.id > older.id AND newer.published_at IS NOT NULL
    )
    AND NOT EXISTS (
        SELECT 1 FROM model_versions
        WHERE model_versions.machine_id = older.machine_id AND model_versions.training_job_id
            IN (SELECT id FROM gan_training_jobs WHERE task_id = older.job_id)
    )
    AND NOT EXISTS (
        SELECT 1 FROM predictors
        WHERE predictors.machine_id = older.machine_id AND predictors.job_id = older.job_id
    )
ORDER BY machine_id, id
"""


def _old(kind: str, which: str) -> str:
    """SQL for the versions that are neither among a machine's newest nor the newest chosen one."""
    of = _VERSIONS[kind]
    newer = f"""
    FROM {of.table} AS newer
    WHERE newer.machine_id = old.machine_id AND newer.version > old.version
    """
    return f"""
    SELECT id, machine_id, version, {of.key}, {of.job}, {_OPEN.format(row="old")}
    FROM {of.table} AS old
    WHERE {which} AND (SELECT COUNT(*) {newer}) >= :keep AND NOT (
        {of.chosen.format(row="old")}
        AND NOT EXISTS (SELECT 1 {newer} AND {of.chosen.format(row="newer")})
    )
    ORDER BY machine_id, version DESC
    """
