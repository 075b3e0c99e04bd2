"""Garbage collection of files and rows: `find` lists what is not needed, `remove` removes it.

The rows of a batch are deleted first, in a short transaction, then its files. If the removal is
interrupted, files without rows remain, and the next `find` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from storage.artifacts import publishing
from storage.artifacts.store import ArtifactStore, LocalFile, StagedFolder, Submission
from storage.clients import idempotency
from storage.database import reading
from storage.operations import batches, retention, row_removal, staged_garbage, thinning
from storage.operations.batches import in_batches, short_transaction
from storage.operations.retention import KEEP_MODELS, OldModel, StoredFile
from storage.operations.row_removal import Deleted, Freed, T
from storage.operations.thinning import OldRows
from storage.settings import Settings

#: How long readings are kept, days, unless a setting says otherwise.
KEEP_READINGS_DAYS: int = Settings.model_fields["readings_days"].default


@dataclass(frozen=True)
class Garbage:
    """Files and rows that can be removed.

    Attributes:
        keep_models: How many of a machine's newest models and predictors are kept.
        attempts: Folders of ended attempts in which no file has a row.
        strays: Staged files without a row, in folders in which other files have rows; size in
            bytes by key.
        superseded: Files for which a newer one is published under the same key.
        models: Versions of models and predictors that the retention rule does not keep.
        workspaces: Folders of ended attempts on this host, if artifacts are in a bucket.
        downloads: Copies on this host that were not read for a day.
        unfinished: Temporary files that dead processes left.
        names: Published names of files whose rows were deleted by a removal that was interrupted.
        busy: Machines that are skipped: they have such rows, and open jobs that may need them.
        submissions: Users' files that no event refers to, or that a newer one has replaced.
        answers: Outdated answers to idempotent requests; size in bytes by key.
        readings: Files with readings of days that are too long ago.
        readings_days: How long readings are kept.
        old: Rows of predictions, readings and sessions that are too old.
    """

    keep_models: int
    attempts: Sequence[StagedFolder]
    strays: Mapping[str, int]
    superseded: Sequence[StoredFile]
    models: Sequence[OldModel]
    workspaces: Sequence[StagedFolder]
    downloads: Sequence[LocalFile]
    unfinished: Sequence[LocalFile]
    names: Sequence[str]
    busy: Sequence[str]
    submissions: Sequence[Submission]
    answers: Mapping[str, int]
    readings: Sequence[StoredFile]
    readings_days: int
    old: OldRows


def find(
    store: ArtifactStore, keep_models: int = KEEP_MODELS, readings_days: int = KEEP_READINGS_DAYS
) -> Garbage:
    """Find what is not needed; changes nothing, but may write a file to read the store's clock.

    Args:
        store: The files.
        keep_models: How many of a machine's newest models and predictors are kept.
        readings_days: How long readings are kept.

    Raises:
        SettingsError: The store holds files of jobs that this ledger never had.
        OSError: The store does not answer.
    """
    staged = staged_garbage.find(store)
    workspaces = staged_garbage.ended_workspaces(store)
    with reading():
        outdated = retention.outdated(keep_models)
        readings = retention.expired_readings(readings_days)
        answers = idempotency.outdated()
        old = thinning.find(readings_days)
    return Garbage(
        keep_models=keep_models,
        attempts=staged.attempts,
        strays=staged.strays,
        superseded=outdated.superseded,
        models=outdated.models,
        workspaces=workspaces,
        downloads=store.unused_downloads(),
        unfinished=store.unfinished(),
        names=staged.names,
        busy=sorted(outdated.busy),
        submissions=staged.submissions,
        answers=answers,
        readings=readings,
        readings_days=readings_days,
        old=old,
    )


def remove(store: ArtifactStore, garbage: Garbage) -> Garbage:
    """Remove what `find` found and what is still not needed; return what was removed.

    Raises:
        OSError: The store does not answer; the next `find` finds what is left.
    """
    thinning.remove(garbage.readings_days)
    _forget_answers()
    removed = _remove_outdated(store, garbage)
    for files in in_batches(garbage.readings):
        _clear(store, row_removal.delete_readings(files))
    # Names first: they are found by the staged files.
    publishing.withdraw(store, garbage.names)
    store.delete_each_staged(folder.prefix for folder in garbage.attempts)
    store.delete_each(garbage.strays)
    submissions = _remove_submissions(store, garbage.submissions)
    for folder in garbage.workspaces:
        store.delete_workspace(folder.prefix)
    # Checked again, because a stage may be reading a download by now.
    local = {*store.unused_downloads(), *store.unfinished()}
    for file in local.intersection({*garbage.downloads, *garbage.unfinished}):
        file.path.unlink(missing_ok=True)
    return replace(removed, submissions=submissions)


def _forget_answers() -> None:
    forgotten = True
    while forgotten:
        with short_transaction():
            forgotten = idempotency.forget_outdated(batches.ROWS)


def _remove_outdated(store: ArtifactStore, garbage: Garbage) -> Garbage:
    """Remove the superseded files and the old models; return what was removed."""
    busy = set(garbage.busy)

    def cleared(deleted: Deleted[T]) -> Sequence[T]:
        busy.update(deleted.busy)
        _clear(store, deleted.freed)
        return deleted.found

    superseded = [
        file
        for files in in_batches(garbage.superseded)
        for file in cleared(row_removal.delete_superseded(files))
    ]
    models = [
        model
        for kind in ("model", "predictor")
        for versions in in_batches(model for model in garbage.models if model.kind == kind)
        for model in cleared(row_removal.delete_models(kind, versions, garbage.keep_models))
    ]
    return replace(garbage, superseded=superseded, models=models, busy=sorted(busy))


def _clear(store: ArtifactStore, freed: Freed) -> None:
    # Names first: they are found by the staged files.
    publishing.withdraw(store, freed.names)
    store.delete_each_staged(freed.folders)
    store.delete_each(freed.files)


def _remove_submissions(store: ArtifactStore, found: Sequence[Submission]) -> list[Submission]:
    """Remove users' files that still are not needed: an event may name one again by now."""
    removed = list[Submission]()
    for files in in_batches(found):
        with short_transaction():
            held = row_removal.hold({file.machine_id for file in files})
            replaced, unnamed = staged_garbage.judge_submissions(files)
        going = [file for file in replaced if file.machine_id in held]
        going += staged_garbage.forgotten(store, unnamed)
        store.delete_each(file.key for file in going)
        removed += going
    return removed
