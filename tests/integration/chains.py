"""Chains of jobs written to the ledger as workers write them, and what must hold of a ledger.

`python -m tests.integration.chains HOME WRITER REPORTS` writes chain after chain, as fast as it
can, until its parent is gone, and reports each commit once it has returned.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter, defaultdict, deque, namedtuple
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import actors
from actors.stage import STAGES
from actors.train import train_tvae
from events.bus import new_event, subscriptions
from events.onboarding import new_machine, register
from events.plan import Plan
from events.vocabulary import Event, PredictorTrained, StageFailed, read_event
from storage import tables
from storage.artifacts.staging import StagedArtifact
from storage.database import database, open_database
from storage.ledger import claims, leases
from storage.ledger.claims import Claim
from storage.ledger.event_log import Dispatch, NewEvent, Written
from storage.schema import upgrade
from storage.settings import Settings
from tests.integration.conftest import profile_of

assert actors  # declares the stages

#: How far a job is that no worker runs: beyond any progress under the same token.
AT_REST = 101

FILES_OF_A_JOB = ("GAN/model.pkl", "GAN/report.json")

RESULTS: dict[str, Any] = {
    "model_key": FILES_OF_A_JOB[0],
    "predictor_key": FILES_OF_A_JOB[0],
    "version": 1,
    "learnt_from": "simulated lives",
    "scores": {"coverage_90": 0.9},
    "final_loss": -2.0,
    "training_time_seconds": 1.5,
    "num_features": 4,
    "quality_score": 0.8,
}


class Commit(NamedTuple):
    """What a commit has brought a job to: token and progress, compared as a pair, only grow.

    Attributes:
        kept: Whether it outlives a cut of the power; claims, leases and progress need not.
    """

    job_id: int
    token: int
    progress: int
    event_id: int | None = None
    kept: bool = True


def chain(machine_id: str, random: Random) -> Iterator[Commit]:
    """Take a machine in and work off its jobs; yields after the commit of each transaction."""
    jobs: deque[Dispatch] = deque()
    register([new_machine("test", profile_of(machine_id))], Plan(), jobs.extend, actor="test")
    yield Commit(jobs[0].job_id, 0, AT_REST)
    while jobs:
        claim = claims.claim(jobs.popleft().job_id, "writer", 30)
        assert claim is not None
        yield Commit(claim.job_id, claim.token, 0, kept=False)
        leases.renew(claim, 30)
        yield Commit(claim.job_id, claim.token, 0, kept=False)
        leases.report_progress(claim, 50, "half way")
        yield Commit(claim.job_id, claim.token, 50, kept=False)
        if random.random() < 0.1:
            jobs.append(leases.release(claim))
            yield Commit(claim.job_id, claim.token, AT_REST)
            continue
        written = _end(claim, random)
        yield Commit(claim.job_id, claim.token, AT_REST, written.event_id)
        jobs.extend(written.jobs)


def _end(claim: Claim, random: Random) -> Written:
    if random.random() < 0.05:
        failed = StageFailed(machine_id=claim.machine_id, stage=claim.stage, reason="disk full")
        return leases.fail(claim, "disk full", _record(claim, failed), retryable=False)
    files = [
        StagedArtifact(key, f".staged/{claim.job_id}.{claim.token}/{key}", "a" * 64, 3)
        for key in FILES_OF_A_JOB
    ]
    return leases.complete(claim, _record(claim, _next_event(claim, random)), files)


def _record(claim: Claim, event: Event) -> NewEvent:
    return new_event(event, claim.correlation_id)


def _next_event(claim: Claim, random: Random) -> Event:
    published = [event for event in STAGES[claim.stage].publishes if event is not StageFailed]
    event_type = random.choice(published)
    results = {name: RESULTS[name] for name in RESULTS.keys() & event_type.model_fields.keys()}
    before: Any = read_event(claim.event_type, claim.machine_id, claim.payload)
    plan = before.plan() if issubclass(event_type, Plan) else {}
    if event_type is PredictorTrained:  # Of another event, `units` has another type.
        results["units"] = 30
    return event_type(machine_id=claim.machine_id, **plan, **results)


class Contents(NamedTuple):
    """Every row of a ledger, table by table."""

    machines: list[Any]
    events: list[Any]
    jobs: list[Any]
    artifacts: list[Any]
    trainings: list[Any]
    versions: list[Any]

    def lacks(self, commits: Iterable[Commit]) -> list[Commit]:
        """Those of the commits that left no trace."""
        events = {event.id for event in self.events}
        jobs = {
            job.id: (job.token, job.progress if job.status == "running" else AT_REST)
            for job in self.jobs
        }
        return [
            commit
            for commit in commits
            if jobs.get(commit.job_id, (-1, 0)) < (commit.token, commit.progress)
            or (commit.event_id is not None and commit.event_id not in events)
        ]


#: A row's type for each table, in the order of `Contents`.
ROWS: dict[str, Any] = {
    table._meta.table_name: namedtuple(table.__name__, list(table._meta.columns))
    for table in (
        tables.Machine,
        tables.Event,
        tables.Job,
        tables.Artifact,
        tables.TrainingJob,
        tables.ModelVersion,
    )
}


def contents() -> Contents:
    """The open ledger's."""
    return Contents(
        *(
            [
                row(*values)
                for values in database.execute_sql(
                    f"SELECT {', '.join(row._fields)} FROM {table} ORDER BY 1"
                )
            ]
            for table, row in ROWS.items()
        )
    )


def recovered(settings: Settings) -> Contents:
    """Open a ledger as the next command would, find it consistent, and close it."""
    open_database(settings)
    try:
        upgrade()
        for check, sound in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            found = database.execute_sql(f"PRAGMA {check}").fetchall()
            assert found == sound, f"{check}: {found}"
        rows = contents()
        # Closing checkpoints; that need not reach the disk.
        database.execute_sql("PRAGMA synchronous = off")
    finally:
        database.close()
    assert_consistent(rows)
    return rows


def assert_consistent(found: Contents) -> None:
    """Nothing is there by half: what one transaction writes is there, or none of it is."""
    machines = [machine.machine_id for machine in found.machines]
    created = [event.machine_id for event in found.events if event.type == "MachineCreated"]
    assert sorted(machines) == sorted(created), "a machine without its MachineCreated"

    jobs = defaultdict(list)
    for job in found.jobs:
        jobs[job.event_id].append((job.stage, job.queue, job.chain))
    for event in found.events:
        expected = sorted(subscribed[:3] for subscribed in subscriptions(event.type))
        assert sorted(jobs[event.id]) == expected, f"not the jobs of {event}"

    ended = Counter(job.event_id for job in found.jobs if job.status in ("success", "failed"))
    caused = Counter(event.causation_id for event in found.events if event.causation_id)
    assert ended == caused, "a job that ended without its event, or an event without such a job"

    files = Counter(artifact.job_id for artifact in found.artifacts)
    for job in found.jobs:
        made = len(FILES_OF_A_JOB) if job.status == "success" else 0
        assert files[job.id] == made, f"{files[job.id]} files of {job}"
        assert (job.lease_until is not None) == (job.status == "running"), f"lease of {job}"
        assert (job.token > 0) == (job.started_at is not None), f"token of {job}"
        assert job.token > 0 or job.status == "pending", f"status of {job}"

    trainings = {training.task_id: training.status for training in found.trainings}
    of_jobs = {job.id: job.status for job in found.jobs if job.stage == train_tvae.__name__}
    assert trainings == of_jobs, "a training's report that differs from its job"
    trained = [event for event in found.events if event.type == "ModelTrained"]
    assert len(found.versions) == len(trained), "a trained model without its version"


def main() -> None:
    """Write and report."""
    home, writer, reports = sys.argv[1:]
    parent = os.getppid()
    random = Random(writer)
    open_database(Settings(home=Path(home)))
    with Path(reports).open("w", buffering=1) as log:
        for number in count():
            for commit in chain(f"pump_{writer}_{number}", random):
                log.write(json.dumps(commit) + "\n")
                if os.getppid() != parent:
                    return


if __name__ == "__main__":
    main()
