"""Garbage collection of files and rows: `find` lists what is not needed, `remove` removes it.

Rows are deleted first, in one transaction, then files. If the removal is interrupted in between,
files without rows remain, and the next `find` lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from errors import SettingsError
from storage.artifacts import publishing
from storage.artifacts.store import ArtifactStore, LocalFile, StagedFolder, Submission
from storage.clients import idempotency
from storage.database import clock_ms, database, is_sqlite, reading, transaction
from storage.operations import thinning
from storage.operations.retention import (
    KEEP_MODELS,
    Ledger,
    OldModel,
    StoredFile,
    expired_readings,
    outdated,
    outdated_submissions,
    read,
)
from storage.operations.thinning import OldRows
from storage.settings import PREFIX, Settings
from storage.status import JobStatus
from storage.tables import Artifact, ModelVersion, Predictor

#: How long readings are kept, days, unless a setting says otherwise.
KEEP_READINGS_DAYS: int = Settings.model_fields["readings_days"].default

_BATCH = 500

T = TypeVar("T", StoredFile, OldModel)


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
        ended: All staged folders of ended attempts.
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
    ended: Sequence[StagedFolder]
    submissions: Sequence[Submission]
    answers: Mapping[str, int]
    readings: Sequence[StoredFile]
    readings_days: int
    old: OldRows

    @property
    def rows(self) -> list[StoredFile]:
        """The rows of artifacts to delete."""
        models = (file for model in self.models for file in model.files)
        return [*self.superseded, *self.readings, *models]


def find(
    store: ArtifactStore, keep_models: int = KEEP_MODELS, readings_days: int = KEEP_READINGS_DAYS
) -> Garbage:
    """Find what is not needed; changes nothing.

    Args:
        store: The files.
        keep_models: How many of a machine's newest models and predictors are kept.
        readings_days: How long readings are kept.

    Raises:
        SettingsError: The store holds files of jobs that this ledger never had.
        OSError: The store does not answer.
    """
    # Folders first, then the ledger. An attempt creates its folder after its claim, so the ledger
    # knows every listed attempt. Tokens only grow, so an attempt that does not have the current
    # token of a running job will never run again. The folders of later claims are not in the list.
    # So a race can only keep too much.
    folders, workspaces = store.staged(), store.workspaces()
    submissions = store.submissions()
    with reading():
        _check_ledger(store, [*folders, *workspaces])
        ledger = read()
        kept_answers = idempotency.outdated()
        old = thinning.find(readings_days)
        now = clock_ms()
    superseded, models, busy = outdated(ledger, keep_models)
    ended = [folder for folder in folders if not _runs(folder, ledger)]
    named = {file.staged_key for file in ledger.files}
    unnamed = {
        folder.prefix: {key: size for key, size in _keys(folder) if key not in named}
        for folder in ended
    }
    attempts = [folder for folder in ended if len(unnamed[folder.prefix]) == len(folder.files)]
    whole = {folder.prefix for folder in attempts}
    return Garbage(
        keep_models=keep_models,
        attempts=attempts,
        strays={
            key: size
            for prefix, files in unnamed.items()
            if prefix not in whole
            for key, size in files.items()
        },
        superseded=superseded,
        models=models,
        workspaces=[folder for folder in workspaces if not _runs(folder, ledger)],
        downloads=store.unused_downloads(),
        unfinished=store.unfinished(),
        names=_nameless(ended, named, ledger),
        busy=busy,
        ended=ended,
        submissions=outdated_submissions(ledger, submissions),
        answers=kept_answers,
        readings=expired_readings(ledger, readings_days, now),
        readings_days=readings_days,
        old=old,
    )


def remove(store: ArtifactStore, garbage: Garbage) -> Garbage:
    """Remove what `find` found and what is still not needed; return what was removed.

    Raises:
        OSError: The store does not answer; the next `find` finds what is left.
    """
    with transaction():
        if not is_sqlite():
            # No job may be created before the commit: it could get files that are removed. SQLite
            # has one writer at a time.
            database.execute_sql("LOCK TABLE jobs IN SHARE MODE")
        ledger = read()
        superseded, models, busy = outdated(ledger, garbage.keep_models)
        removed = replace(
            garbage,
            superseded=_both(garbage.superseded, superseded),
            models=_both(garbage.models, models),
            busy=busy,
            submissions=outdated_submissions(ledger, garbage.submissions),
        )
        names = _delete_rows(removed, ledger)
        idempotency.forget_outdated()
        thinning.remove(removed.readings_days)
    publishing.withdraw(store, [*removed.names, *names])
    _delete_staged(store, removed)
    for submission in removed.submissions:
        store.delete(submission.key)
    for folder in removed.workspaces:
        store.delete_workspace(folder.prefix)
    # Checked again, because a stage may be reading a download by now.
    local = {*store.unused_downloads(), *store.unfinished()}
    for file in local.intersection({*removed.downloads, *removed.unfinished}):
        file.path.unlink(missing_ok=True)
    return removed


def _check_ledger(store: ArtifactStore, folders: Sequence[StagedFolder]) -> None:
    """Refuse a store of another ledger: with wrong settings, all its files would be removed."""
    query = (
        "SELECT seq FROM sqlite_sequence WHERE name = 'jobs'"
        if is_sqlite()
        else "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM jobs_id_seq"
    )
    row = database.execute_sql(query).fetchone()
    last_job_id = row[0] if row else 0
    unknown = [folder for folder in folders if folder.job_id > last_job_id]
    if unknown:
        raise SettingsError(
            f"{store} holds {unknown[0].prefix} and this ledger never had such a job; "
            f"check {PREFIX}DATABASE_URL, {PREFIX}HOME and {PREFIX}ARTIFACTS"
        )


def _runs(folder: StagedFolder, ledger: Ledger) -> bool:
    running = (folder.job_id, folder.machine_id, folder.token, JobStatus.RUNNING.value)
    attempt = ledger.attempts.get(folder.job_id)
    return attempt is not None and attempt[:4] == running


def _keys(folder: StagedFolder) -> Iterator[tuple[str, int]]:
    return ((f"{folder.prefix}/{path}", size) for path, size in folder.files.items())


def _nameless(ended: Iterable[StagedFolder], named: set[str], ledger: Ledger) -> list[str]:
    """Published names that an interrupted removal may have left.

    A job that succeeded had a row for each of its files. If a file's row is missing and no other
    row has its key, the published name belongs to no file. The same holds if the job was deleted
    with its machine.
    """
    keys = {file.key for file in ledger.files}
    return [
        path
        for folder in ended
        if (ledger.attempts.get(folder.job_id) or (None,))[:4]
        in ((None,), (folder.job_id, folder.machine_id, folder.token, "success"))
        for path in folder.files
        if f"{folder.prefix}/{path}" not in named and path not in keys
    ]


def _both(found: Sequence[T], still: Sequence[T]) -> list[T]:
    # The first two fields identify a row: a file's id and machine, a version's kind and id.
    ids = {row[:2] for row in still}
    return [row for row in found if row[:2] in ids]


def _delete_rows(removed: Garbage, ledger: Ledger) -> list[str]:
    """Delete the rows; return the published names that now belong to an older file or to none."""
    ids = {file.id for file in removed.rows}
    for kind, table in (("model", ModelVersion), ("predictor", Predictor)):
        for batch in _batches([model.id for model in removed.models if model.kind == kind]):
            table.delete().where(table.id.in_(batch)).execute()
    for batch in _batches(list(ids)):
        Artifact.delete().where(Artifact.id.in_(batch)).execute()
    newest = {file.key: file.id for file in ledger.files}
    names = [key for key, file_id in newest.items() if file_id in ids]
    for batch in _batches(names):
        Artifact.update(published_at=None).where(Artifact.key.in_(batch)).execute()
    return names


def _delete_staged(store: ArtifactStore, removed: Garbage) -> None:
    whole = {folder.prefix for folder in removed.attempts}
    gone = {*removed.strays, *(file.staged_key for file in removed.rows)}
    for folder in removed.ended:
        going = [key for key, _ in _keys(folder) if key in gone]
        if folder.prefix in whole or len(going) == len(folder.files):
            store.delete_staged(folder.prefix)
        else:
            for key in going:
                store.delete(key)


def _batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
