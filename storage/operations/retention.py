"""Retention: which files and models the ledger keeps, and which are outdated."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from storage.artifacts.registry import ARCHIVES
from storage.artifacts.staging import Submission
from storage.status import OPEN
from storage.tables import Artifact, Event, Job, ModelVersion, Predictor, TrainingJob
from storage.telemetry import archives

#: Field of an event's payload with the key of a file that a user has submitted.
SUBMITTED_FILE = "file_key"

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
    published_at: int | None


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


class Attempt(NamedTuple):
    """The newest attempt at a job.

    Attributes:
        recurring: Whether it comes with each batch of readings. Such a job needs no file that is
            removed here.
    """

    job_id: int
    machine_id: str
    token: int
    status: str
    recurring: bool = False


class Version(NamedTuple):
    """A version of a model or predictor.

    Attributes:
        kind: `model` or `predictor`.
        chosen: Whether the model is accepted, or the predictor is live.
        job_id: The job that made it.
    """

    kind: str
    id: int
    machine_id: str
    version: int
    chosen: bool
    key: str
    job_id: int


@dataclass(frozen=True)
class Ledger:
    """The ledger's attempts and files; those of 10,000 machines fit into memory.

    Attributes:
        attempts: The newest attempt at each job, by the job's id.
        versions: Of models and predictors; of each, newest first.
        files: Oldest first.
        submitted: Keys of the files that users have submitted, by machine, oldest first.
    """

    attempts: Mapping[int, Attempt]
    versions: Sequence[Version]
    files: Sequence[StoredFile]
    submitted: Mapping[str, Sequence[str]]

    @property
    def machines_with_open_jobs(self) -> set[str]:
        """Machines whose files may be needed at any time."""
        return {
            attempt.machine_id
            for attempt in self.attempts.values()
            if attempt.status in OPEN and not attempt.recurring
        }


def read() -> Ledger:
    """Read the ledger; call inside a transaction or `reading`."""
    # Jobs before files: if a job is read as ended, the rows of its files exist.
    # Recurring jobs that have ended made no files, and there are very many of them.
    jobs: Any = (
        Job.select(Job.id, Job.machine, Job.token, Job.status, Event.recurring)
        .join(Event)
        .where(~Event.recurring | Job.status.in_([status.value for status in OPEN]))
        .tuples()
    )
    attempts = {row[0]: Attempt(*row) for row in jobs}
    models: Any = (
        ModelVersion.select(
            ModelVersion.id,
            ModelVersion.machine,
            ModelVersion.version,
            ModelVersion.status == "accepted",
            ModelVersion.model_path,
            TrainingJob.task,
        )
        .join(TrainingJob)
        .order_by(ModelVersion.version.desc())
        .tuples()
    )
    predictors: Any = (
        Predictor.select(
            Predictor.id,
            Predictor.machine,
            Predictor.version,
            Predictor.live,
            Predictor.key,
            Predictor.job,
        )
        .order_by(Predictor.version.desc())
        .tuples()
    )
    files: Any = (
        Artifact.select(
            Artifact.id,
            Artifact.machine,
            Artifact.job,
            Artifact.key,
            Artifact.staged_key,
            Artifact.size,
            Artifact.published_at,
        )
        .order_by(Artifact.id)
        .tuples()
    )
    rows: Any = (
        Event.select(Event.machine, Event.payload)
        .where(Event.effect == "begins", Event.payload.contains(f'"{SUBMITTED_FILE}"'))
        .order_by(Event.id)
        .tuples()
    )
    submitted: dict[str, list[str]] = defaultdict(list)
    for machine_id, payload in rows:
        submitted[machine_id].append(json.loads(payload)[SUBMITTED_FILE])
    return Ledger(
        attempts,
        [
            *(Version("model", *row) for row in models),
            *(Version("predictor", *row) for row in predictors),
        ],
        [StoredFile(*row) for row in files],
        submitted,
    )


def outdated(
    ledger: Ledger, keep_models: int
) -> tuple[list[StoredFile], list[OldModel], list[str]]:
    """Superseded files, old models, and the machines with such files that have open jobs."""
    open_jobs = ledger.machines_with_open_jobs
    superseded = list(_superseded(ledger))
    models = list(_old_models(ledger, keep_models))
    machines = {file.machine_id for file in superseded} | {model.machine_id for model in models}
    return (
        [file for file in superseded if file.machine_id not in open_jobs],
        [model for model in models if model.machine_id not in open_jobs],
        sorted(machines & open_jobs),
    )


def expired_readings(ledger: Ledger, days: int, now: int) -> list[StoredFile]:
    """Files with readings of days that are longer ago.

    Args:
        ledger: The ledger.
        days: How long readings are kept.
        now: The ledger's clock, ms.
    """
    oldest = (datetime.fromtimestamp(now / 1000, UTC) - timedelta(days=days)).date().isoformat()
    return [
        file
        for file in ledger.files
        if file.key.startswith(ARCHIVES) and archives.day_of(file.key) < oldest
    ]


def outdated_submissions(ledger: Ledger, found: Sequence[Submission]) -> list[Submission]:
    """Submitted files that no event refers to, or that a newer one has replaced."""
    open_jobs = ledger.machines_with_open_jobs
    outdated = []
    for submission in found:
        keys = ledger.submitted.get(submission.machine_id, ())
        if submission.key not in keys:
            needed = submission.fresh
        else:
            needed = submission.key == keys[-1] or submission.machine_id in open_jobs
        if not needed:
            outdated.append(submission)
    return outdated


def _superseded(ledger: Ledger) -> Iterator[StoredFile]:
    """Files older than a published one of the same key, except those of trainings."""
    trainings = {version.job_id for version in ledger.versions}
    published: set[tuple[str, str]] = set()
    for file in reversed(ledger.files):
        name = (file.machine_id, file.key)
        if name in published and file.job_id not in trainings:
            yield file
        if file.published_at is not None:
            published.add(name)


def _old_models(ledger: Ledger, keep_models: int) -> Iterator[OldModel]:
    """Versions that are neither among a machine's newest nor the newest chosen one."""
    files: dict[int, list[StoredFile]] = defaultdict(list)
    for file in ledger.files:
        files[file.job_id].append(file)
    newer: Counter[tuple[str, str]] = Counter()
    chosen: set[tuple[str, str]] = set()
    for version in ledger.versions:
        owner = (version.kind, version.machine_id)
        kept = newer[owner] < keep_models
        newer[owner] += 1
        if version.chosen and owner not in chosen:
            chosen.add(owner)
            kept = True
        if not kept:
            yield OldModel(
                version.kind,
                version.id,
                version.machine_id,
                version.version,
                version.key,
                tuple(files[version.job_id]),
            )
