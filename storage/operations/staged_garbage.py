"""Staged files that nothing needs: those of ended attempts without rows, and users' old files.

The store lists what is staged machine by machine, and the ledger's rows of some machines are read
at a time. So the memory that this takes does not grow with the number of machines.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from errors import SettingsError
from storage.artifacts.store import ArtifactStore, StagedFolder, Submission
from storage.database import execute, is_sqlite, reading
from storage.operations.batches import execute_for, in_batches
from storage.settings import PREFIX

#: Field of an event's payload with the key of a file that a user has submitted.
SUBMITTED_FILE = "file_key"

#: A submitted file older than this will not get an event any more, seconds.
SUBMITTING_SECONDS = 3600.0

#: Machines whose files are compared with the ledger at a time.
MACHINES = 300


@dataclass(frozen=True)
class StagedGarbage:
    """Staged files that are not needed.

    Attributes:
        attempts: Folders of ended attempts in which no file has a row.
        strays: Files without a row, in folders in which other files have rows; size in bytes by
            key.
        names: Published names of files whose rows were deleted by a removal that was interrupted.
        submissions: Users' files that no event refers to, or that a newer one has replaced.
    """

    attempts: list[StagedFolder] = field(default_factory=list)
    strays: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)


def find(store: ArtifactStore) -> StagedGarbage:
    """Find what is not needed; changes nothing, but may write a file to read the store's clock.

    Raises:
        SettingsError: The store holds files of jobs that this ledger never had.
        OSError: The store does not answer.
    """
    found = StagedGarbage()
    # The folders of some machines first, then the ledger's rows of these machines. An attempt
    # creates its folder after its claim, so the ledger knows every listed attempt. Tokens only
    # grow, so an attempt that does not have the current token of a running job will never run
    # again. The folders of later claims are not in the list. So a race can only keep too much.
    for machines in in_batches(store.staged(), MACHINES):
        folders = [folder for machine in machines for folder in machine.attempts]
        submissions = [file for machine in machines for file in machine.submissions]
        with reading():
            _check_ledger(store, folders)
            _judge(folders, found)
            replaced, unnamed = judge_submissions(submissions)
        found.submissions.extend([*replaced, *forgotten(store, unnamed)])
    return found


def ended_workspaces(store: ArtifactStore) -> list[StagedFolder]:
    """Folders of ended attempts on this host, if artifacts are in a bucket.

    Raises:
        SettingsError: See `find`.
    """
    folders = store.workspaces()
    with reading():
        _check_ledger(store, folders)
        attempts = _attempts(folders)
    return [folder for folder in folders if not _runs(folder, attempts)]


def judge_submissions(
    found: Sequence[Submission],
) -> tuple[list[Submission], list[Submission]]:
    """What the ledger knows of submitted files; call inside `reading`.

    Returns:
        Those that a newer one has replaced and no open job may need, and those without an event.
    """
    machines = sorted({file.machine_id for file in found})
    busy = {machine_id for (machine_id,) in execute_for(machines, _OPEN)}
    submitted: dict[str, list[str]] = defaultdict(list)
    for machine_id, payload in execute_for(machines, _SUBMITTED, field=f'%"{SUBMITTED_FILE}"%'):
        submitted[machine_id].append(json.loads(payload).get(SUBMITTED_FILE))
    named = [file for file in found if file.key in submitted[file.machine_id]]
    replaced = [file for file in named if file.key != submitted[file.machine_id][-1]]
    return (
        [file for file in replaced if file.machine_id not in busy],
        [file for file in found if file.key not in submitted[file.machine_id]],
    )


def forgotten(store: ArtifactStore, unnamed: Sequence[Submission]) -> list[Submission]:
    """Those of the files without an event that will not get one any more.

    Raises:
        OSError: The store does not answer.
    """
    if not unnamed:  # Then the clock is not needed: reading it writes a file.
        return []
    # The clock that has set the times of the files: this host's clock may be ahead of it.
    before = store.clock_ms() - SUBMITTING_SECONDS * 1000
    return [file for file in unnamed if file.stored_at < before]


def _check_ledger(store: ArtifactStore, folders: Sequence[StagedFolder]) -> None:
    """Refuse a store of another ledger: with wrong settings, all its files would be removed."""
    rows = execute(_LAST_JOB_SQLITE if is_sqlite() else _LAST_JOB_POSTGRESQL)
    last_job_id = rows[0][0] if rows else 0
    unknown = [folder for folder in folders if folder.job_id > last_job_id]
    if unknown:
        raise SettingsError(
            f"{store} holds {unknown[0].prefix} and this ledger never had such a job; "
            f"check {PREFIX}DATABASE_URL, {PREFIX}HOME and {PREFIX}ARTIFACTS"
        )


#: Machine, token and status of the newest attempt at each job, by the job's id.
_Attempts = Mapping[int, tuple[str, int, str]]


def _attempts(folders: Sequence[StagedFolder]) -> _Attempts:
    rows = execute_for([folder.job_id for folder in folders], _JOBS)
    return {job_id: (machine_id, token, status) for job_id, machine_id, token, status in rows}


def _judge(folders: Sequence[StagedFolder], found: StagedGarbage) -> None:
    # Jobs before files: if a job is read as ended, the rows of its files exist.
    attempts = _attempts(folders)
    ended = [folder for folder in folders if not _runs(folder, attempts)]
    rows = execute_for(sorted({folder.machine_id for folder in ended}), _FILES)
    named = {staged_key for _, _, staged_key in rows}
    keys = {(machine_id, key) for machine_id, key, _ in rows}
    for folder in ended:
        unnamed = {key: size for key, size in _keys(folder) if key not in named}
        if len(unnamed) == len(folder.files):
            found.attempts.append(folder)
        else:
            found.strays.update(unnamed)
        if _may_have_published(folder, attempts):
            found.names.extend(_nameless(folder, unnamed, keys))


def _runs(folder: StagedFolder, attempts: _Attempts) -> bool:
    return attempts.get(folder.job_id) == (folder.machine_id, folder.token, "running")


def _may_have_published(folder: StagedFolder, attempts: _Attempts) -> bool:
    """Whether the attempt succeeded, or its job was deleted with its machine."""
    succeeded = (folder.machine_id, folder.token, "success")
    return attempts.get(folder.job_id, succeeded) == succeeded


def _nameless(
    folder: StagedFolder, unnamed: Collection[str], keys: Collection[tuple[str, str]]
) -> list[str]:
    """Published names that an interrupted removal may have left.

    A job that succeeded had a row for each of its files. If a file's row is missing and no other
    row has its key, the published name belongs to no file.
    """
    return [
        path
        for path in folder.files
        if f"{folder.prefix}/{path}" in unnamed and (folder.machine_id, path) not in keys
    ]


def _keys(folder: StagedFolder) -> Iterator[tuple[str, int]]:
    return ((f"{folder.prefix}/{path}", size) for path, size in folder.files.items())


_LAST_JOB_SQLITE = "SELECT seq FROM sqlite_sequence WHERE name = 'jobs'"
_LAST_JOB_POSTGRESQL = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM jobs_id_seq"

_JOBS = "SELECT id, machine_id, token, status FROM jobs WHERE id IN ({ids})"

_FILES = "SELECT machine_id, key, staged_key FROM artifacts WHERE machine_id IN ({names})"

_OPEN = """
SELECT DISTINCT jobs.machine_id FROM jobs JOIN events ON events.id = jobs.event_id
WHERE jobs.machine_id IN ({names}) AND jobs.status IN ('pending', 'running')
    AND NOT events.recurring
"""

# Files are submitted by events that do not recur; these have an index.
_SUBMITTED = """
SELECT machine_id, payload FROM events
WHERE machine_id IN ({names}) AND NOT recurring AND effect = 'begins' AND payload LIKE :field
ORDER BY id
"""
