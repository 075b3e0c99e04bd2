"""Deleting rows of files and models, a batch at a time.

Each batch is one short transaction that checks again what it deletes. If a removal is interrupted
after one, files without rows remain, and the next look lists them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from storage.artifacts.staging import folder_of
from storage.database import execute, is_sqlite, reading
from storage.operations import batches
from storage.operations.batches import execute_for, short_transaction
from storage.operations.retention import OldModel, StoredFile, still_old, still_superseded

T = TypeVar("T", StoredFile, OldModel)


@dataclass(frozen=True)
class Freed:
    """What deleted rows leave in the store.

    Attributes:
        names: Published names that now belong to an older file or to none.
        folders: Folders of attempts without rows.
        files: Staged keys of the deleted rows in other folders.
    """

    names: Sequence[str]
    folders: Sequence[str]
    files: Sequence[str]


@dataclass(frozen=True)
class Deleted(Generic[T]):
    """A batch whose rows were deleted.

    Attributes:
        found: The files or models.
        busy: Machines that have such rows, and jobs that are open or are being opened; they are
            skipped.
        freed: What the rows leave in the store.
    """

    found: Sequence[T]
    busy: frozenset[str]
    freed: Freed


def hold(machines: Collection[str]) -> set[str]:
    """Let no job be opened for these machines before the commit; return those that are held.

    A job that is opened, and reads the ledger, between the check and the commit could get files
    that are removed. SQLite has one writer at a time. On PostgreSQL, whatever opens a job inserts
    an event in the same transaction: a new job has one, and a retry publishes a notice. Such a row
    refers to its machine, so that the insert locks the machine's row FOR KEY SHARE. This conflicts
    with FOR UPDATE. So the transaction waits until this one has ended, or it has the lock already.
    Then the machine is skipped, until the next removal: waiting for a transaction that opens jobs
    of several machines could deadlock. The jobs are read after this, in a new snapshot. Locking the
    table `jobs` would be as safe, but it would stop all workers, and wait for all of them first.
    """
    if is_sqlite():
        return set(machines)
    return {machine_id for (machine_id,) in execute_for(sorted(machines), _HOLD)}


def delete_superseded(files: Sequence[StoredFile]) -> Deleted[StoredFile]:
    """Delete the rows of files that still are superseded."""
    with short_transaction():
        held = hold({file.machine_id for file in files})
        still, busy = still_superseded(files)
        deleted, others = _divide(still, held)
        return Deleted(deleted, busy | others, _delete(deleted))


def delete_readings(files: Sequence[StoredFile]) -> Freed:
    """Delete the rows of files of readings that are too old; no job needs them."""
    with short_transaction():
        return _delete(files)


def delete_models(kind: str, models: Sequence[OldModel], keep_models: int) -> Deleted[OldModel]:
    """Delete versions that still are not kept, with the rows of their files.

    Args:
        kind: The kind of all of them, `model` or `predictor`.
        models: The versions.
        keep_models: How many of a machine's newest models and predictors are kept.
    """
    if kind == "predictor":
        _unlink_predictions(models, keep_models)
    with short_transaction():
        held = hold({model.machine_id for model in models})
        still, busy = still_old(kind, models, keep_models)
        deleted, others = _divide(still, held)
        execute_for([model.id for model in deleted], _DELETE_VERSIONS[kind])
        freed = _delete([file for model in deleted for file in model.files])
        return Deleted(deleted, busy | others, freed)


def _divide(rows: Sequence[T], held: Collection[str]) -> tuple[list[T], frozenset[str]]:
    others = frozenset(row.machine_id for row in rows) - frozenset(held)
    return [row for row in rows if row.machine_id in held], others


def _unlink_predictions(predictors: Sequence[OldModel], keep_models: int) -> None:
    """Take old predictors out of their predictions; a predictor may have very many.

    Otherwise the foreign key would do that in the transaction that deletes the predictor.
    """
    with reading():
        still, _ = still_old("predictor", predictors, keep_models)
    for predictor in still:
        unlinked = True
        while unlinked:
            with short_transaction():
                unlinked = bool(execute(_UNLINK, predictor=predictor.id, most=batches.ROWS))


def _delete(files: Sequence[StoredFile]) -> Freed:
    ids = [file.id for file in files]
    newest = {file_id for (file_id,) in execute_for(ids, _NEWEST)}
    # Stewards see that an older file is to be put in place.
    execute_for(sorted(newest), _UNPUBLISH)
    execute_for(ids, _DELETE_FILES)
    left = execute_for(sorted({file.job_id for file in files}), _LEFT)
    used = {folder_of(staged_key) for (staged_key,) in left}
    return Freed(
        names=[file.key for file in files if file.id in newest],
        folders=sorted({folder_of(file.staged_key) for file in files} - used),
        files=[file.staged_key for file in files if folder_of(file.staged_key) in used],
    )


_HOLD = """
SELECT machine_id FROM machines WHERE machine_id IN ({names})
ORDER BY machine_id FOR UPDATE SKIP LOCKED
"""

_DELETE_VERSIONS = {
    "model": "DELETE FROM model_versions WHERE id IN ({ids})",
    "predictor": "DELETE FROM predictors WHERE id IN ({ids})",
}

_UNLINK = """
UPDATE predictions SET predictor_id = NULL WHERE id IN (
    SELECT id FROM predictions WHERE predictor_id = :predictor LIMIT :most
)
RETURNING id
"""

# Of those that are deleted, the ones that have the published name now.
_NEWEST = """
SELECT id FROM artifacts AS file
WHERE id IN ({ids}) AND NOT EXISTS (
    SELECT 1 FROM artifacts AS newer
    WHERE newer.machine_id = file.machine_id AND newer.key = file.key AND newer.id > file.id
)
"""

_UNPUBLISH = """
UPDATE artifacts SET published_at = NULL WHERE (machine_id, key) IN (
    SELECT machine_id, key FROM artifacts WHERE id IN ({ids})
)
"""

_DELETE_FILES = "DELETE FROM artifacts WHERE id IN ({ids})"

_LEFT = "SELECT staged_key FROM artifacts WHERE job_id IN ({ids})"
