"""Jobs that leave files, and the removal of those that nothing needs."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from errors import LedgerUnavailable, NotFound
from storage.artifacts import publishing, registry
from storage.artifacts.staging import StagedArtifact, StagedFolder, Submission
from storage.artifacts.store import ArtifactStore, LocalStore, open_store
from storage.database import database, is_sqlite, transaction
from storage.ledger import claims, leases
from storage.ledger.claims import Claim
from storage.ledger.event_log import append
from storage.operations import garbage_collection, row_removal
from storage.operations.garbage_collection import Garbage
from storage.tables import Artifact, Job, ModelVersion
from tests.integration.conftest import add_event, record

DONE = record("SeedReady", "pump_1", {}, "c" * 32)


def empty_bucket(address: str, home: Path) -> ArtifactStore:
    """A place of its own in the bucket."""
    return open_store(address.replace("/prefix?", f"/{uuid.uuid4().hex}?"), home)


def claimed(job_id: int) -> Claim:
    with transaction():
        Job.update(due_at=0).where(Job.id == job_id).execute()
    claim = claims.claim(job_id, "worker-1", 30)
    assert claim is not None
    return claim


def write(store: ArtifactStore, claim: Claim, **files: str) -> list[StagedArtifact]:
    """What an attempt stages; file names without their suffix."""
    prefix = f".staged/{claim.machine_id}/{claim.job_id}.{claim.token}"
    workspace = store.workspace(prefix)
    (workspace / "GAN").mkdir()
    for name, text in files.items():
        (workspace / "GAN" / f"{name}.txt").write_text(text)
    return store.stage(workspace, prefix)


def publish_all(store: ArtifactStore) -> None:
    publishing.put_in_place(store, registry.unpublished())


def make(store: ArtifactStore, machine_id: str = "pump_1", **files: str) -> None:
    """A job that ends with these files, published."""
    (job,) = add_event("SeedReady", machine_id, stages=["some_stage"]).jobs
    claim = claimed(job.job_id)
    leases.complete(
        claim, record("SeedReady", machine_id, {}, "c" * 32), write(store, claim, **files)
    )
    publish_all(store)


def train(
    store: ArtifactStore, name: str, text: str, *, accepted: bool = False, **others: str
) -> None:
    """A training that ends with this model and other files, published; machine pump_1."""
    (job,) = add_event("SeedReady", stages=["train_tvae"]).jobs
    claim = claimed(job.job_id)
    payload = {
        "model_key": f"GAN/{name}.txt",
        "epochs": 7,
        "training_time_seconds": 1.5,
        "num_features": 4,
        "final_loss": -2.0,
    }
    fact = record("ModelTrained", "pump_1", payload, "c" * 32)
    leases.complete(claim, fact, write(store, claim, **{name: text}, **others))
    publish_all(store)
    if accepted:
        add_event("MachineOnboarded", stages=(), quality_score=0.9, model_key=f"GAN/{name}.txt")


def folders(store: ArtifactStore) -> list[StagedFolder]:
    """The staged folders of all attempts."""
    return [folder for machine in store.staged() for folder in machine.attempts]


def submissions(store: ArtifactStore) -> list[Submission]:
    """All files that users have submitted."""
    return [file for machine in store.staged() for file in machine.submissions]


def prefixes(store: ArtifactStore) -> list[str]:
    return sorted(folder.prefix for folder in folders(store))


def published(store: ArtifactStore, tmp_path: Path, name: str) -> str | None:
    """The text under a published name."""
    key = f"GAN/{name}.txt"
    if isinstance(store, LocalStore):
        path = store.root / key
        return path.read_text() if path.exists() else None
    path = tmp_path / "looked-at"
    path.unlink(missing_ok=True)
    try:
        store._download(key, path)
    except NotFound:
        return None
    return path.read_text()


def staged_texts(store: ArtifactStore) -> set[str]:
    """The texts of every file that the ledger has."""
    rows = list(Artifact.select())
    return {store.fetch(row.staged_key, row.sha256).read_text() for row in rows}


def is_empty(found: Garbage) -> bool:
    return not any(
        [
            found.attempts,
            found.strays,
            found.superseded,
            found.models,
            found.submissions,
            found.workspaces,
            found.downloads,
            found.unfinished,
            found.names,
            found.answers,
        ]
    )


def collect(store: ArtifactStore, keep_models: int = 2) -> Garbage:
    """Find and remove; a second look finds nothing."""
    removed = garbage_collection.remove(store, garbage_collection.find(store, keep_models))
    assert is_empty(garbage_collection.find(store, keep_models))
    return removed


@contextmanager
def job_being_opened(machine_id: str) -> Iterator[None]:
    """Another thread's transaction has written an event of the machine and is not committed."""
    written, go_on = threading.Event(), threading.Event()

    def open_a_job_slowly() -> None:
        with transaction():
            append(record("SeedReady", machine_id, {}))
            written.set()
            go_on.wait(30)
        database.close()

    thread = threading.Thread(target=open_a_job_slowly)
    thread.start()
    assert written.wait(30)
    try:
        yield
    finally:
        go_on.set()
        thread.join()


def versions() -> list[int]:
    return sorted(row.version for row in ModelVersion.select())


def while_rows_are_deleted(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> list[Any]:
    """Let another thread act between the check and the deletion; what it returned or raised."""
    came: list[Any] = []

    def run() -> None:
        wait = "PRAGMA busy_timeout = 100" if is_sqlite() else "SET SESSION lock_timeout = 100"
        database.execute_sql(wait)
        try:
            came.append(act())
        except LedgerUnavailable as error:
            came.append(error)
        database.close()

    judge = row_removal.still_superseded

    def judge_while_another_acts(*arguments: Any) -> Any:
        judged = judge(*arguments)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return judged

    monkeypatch.setattr(row_removal, "still_superseded", judge_while_another_acts)
    return came
