"""What `gc` removes and what it leaves, on both databases, in a folder and in a bucket."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from errors import SettingsError
from storage.artifacts import local as folder_module
from storage.artifacts.store import ArtifactStore, LocalStore, open_store, sha256_of
from storage.database import transaction
from storage.ledger import leases
from storage.ledger.claims import Claim
from storage.operations import control, garbage_collection
from storage.settings import Settings
from storage.tables import Artifact, Event, Job, Machine, ModelVersion, TrainingJob
from tests.integration.collecting import (
    DONE,
    claimed,
    collect,
    empty_bucket,
    folders,
    is_empty,
    make,
    prefixes,
    publish_all,
    published,
    staged_texts,
    train,
    versions,
    write,
)
from tests.integration.conftest import add_event, add_job, add_machine, failed

TABLES = (Machine, Event, Job, Artifact, TrainingJob, ModelVersion)


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, ledger: Settings, tmp_path: Path) -> ArtifactStore:
    if request.param == "folder":
        return open_store(str(tmp_path / "artifacts"), tmp_path)
    return empty_bucket(request.getfixturevalue("bucket"), tmp_path)


@pytest.fixture
def in_bucket(ledger: Settings, bucket: str, tmp_path: Path) -> ArtifactStore:
    return empty_bucket(bucket, tmp_path)


def test_a_running_jobs_folder_stays_and_that_of_its_earlier_attempt_goes(
    store: ArtifactStore,
) -> None:
    job_id = add_job()
    zombie = claimed(job_id)
    write(store, zombie, seed="half")
    leases.crash(zombie, "silent", failed())
    claim = claimed(job_id)
    artifacts = write(store, claim, seed="whole")
    removed = collect(store)
    assert [folder.prefix for folder in removed.attempts] == [f".staged/pump_1/{job_id}.1"]
    assert sum(removed.attempts[0].files.values()) == len("half")
    assert prefixes(store) == [f".staged/pump_1/{job_id}.2"]
    leases.complete(claim, DONE, artifacts)
    publish_all(store)
    assert staged_texts(store) == {"whole"}


@pytest.mark.parametrize("end", [leases.release, lambda claim: control.cancel(claim.job_id)])
def test_the_folder_of_an_attempt_that_was_given_up_goes(
    store: ArtifactStore, end: Callable[[Claim], Any]
) -> None:
    claim = claimed(add_job())
    write(store, claim, seed="half")
    end(claim)
    assert len(collect(store).attempts) == 1
    assert prefixes(store) == []


def test_a_deleted_machines_folder_goes(store: ArtifactStore) -> None:
    claim = claimed(add_job())
    control.delete_machine("pump_1")
    write(store, claim, seed="by a zombie")
    assert len(collect(store).attempts) == 1
    assert prefixes(store) == []


def test_a_job_that_is_claimed_during_the_look_keeps_its_folder(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = add_job()
    first = claimed(job_id)
    write(store, first, seed="half")
    leases.release(first)
    look = store.staged

    def look_and_let_a_worker_claim() -> Any:
        listed = list(look())
        write(store, claimed(job_id), seed="begun")
        return listed

    monkeypatch.setattr(store, "staged", look_and_let_a_worker_claim)
    found = garbage_collection.find(store)
    monkeypatch.undo()
    garbage_collection.remove(store, found)
    assert prefixes(store) == [f".staged/pump_1/{job_id}.2"]


def test_a_job_that_ends_during_the_look_keeps_its_files(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = claimed(add_job())
    artifacts = write(store, claim, seed="whole")
    look = store.staged

    def look_and_let_the_job_end() -> Any:
        listed = list(look())
        leases.complete(claim, DONE, artifacts)
        return listed

    monkeypatch.setattr(store, "staged", look_and_let_the_job_end)
    garbage_collection.remove(store, garbage_collection.find(store))
    assert staged_texts(store) == {"whole"}


def test_a_staged_file_without_a_row_goes_and_the_others_of_its_folder_stay(
    store: ArtifactStore,
) -> None:
    claim = claimed(add_job())
    named, unnamed = write(store, claim, a="named", b="unnamed")
    leases.complete(claim, DONE, [named])
    assert collect(store).strays == {unnamed.staged_key: len("unnamed")}
    assert staged_texts(store) == {"named"}
    (folder,) = folders(store)
    assert folder.files == {"GAN/a.txt": len("named")}


def test_a_look_changes_nothing(store: ArtifactStore, tmp_path: Path) -> None:
    add_machine()
    make(store, report="old")
    make(store, report="new")
    for number in range(3):
        train(store, f"m{number}", str(number))
    (job,) = add_event("SeedReady", stages=["some_stage"]).jobs
    write(store, claimed(job.job_id), seed="half")
    control.cancel(job.job_id)

    def everything() -> Any:
        files = {
            path: path.read_bytes()
            for path in tmp_path.rglob("*")
            if path.is_file() and not path.name.startswith("ledger.sqlite3")
        }
        names = [published(store, tmp_path, name) for name in ("report", "m0", "m1", "m2")]
        rows = [list(table.select().order_by(table._meta.primary_key).tuples()) for table in TABLES]
        return files, list(store.staged()), names, rows

    everything()  # Makes the file that `published` looks at.
    before = everything()
    found = garbage_collection.find(store)
    assert (len(found.attempts), len(found.superseded), len(found.models)) == (1, 1, 1)
    assert everything() == before


def test_a_removal_that_was_broken_off_is_finished_by_the_next(
    ledger: Settings, tmp_path: Path
) -> None:
    store = open_store(str(tmp_path / "artifacts"), tmp_path)
    assert isinstance(store, LocalStore)
    add_machine()
    for number in range(3):
        train(store, f"m{number}", str(number))
    obstacle = store.root / "GAN" / "m0.txt"
    obstacle.unlink()
    obstacle.mkdir()
    with pytest.raises(OSError, match=r"m0\.txt"):
        garbage_collection.remove(store, garbage_collection.find(store))
    assert versions() == [2, 3]
    obstacle.rmdir()
    store.publish(".staged/pump_1/1.1/GAN/m0.txt", "GAN/m0.txt")
    removed = collect(store)
    assert [folder.prefix for folder in removed.attempts] == [".staged/pump_1/1.1"]
    assert published(store, tmp_path, "m0") is None
    assert published(store, tmp_path, "m1") == "1"


def test_the_files_of_another_ledger_are_not_judged(store: ArtifactStore) -> None:
    claim = claimed(add_job())
    write(store, claim, seed="bytes")
    with transaction():
        Machine.delete().execute()
    stranger = f".staged/pump_1/{claim.job_id + 1}.1"
    workspace = store.workspace(stranger)
    (workspace / "model.pkl").write_text("somebody's")
    store.stage(workspace, stranger)
    with pytest.raises(SettingsError, match="never had such a job"):
        garbage_collection.find(store)


def test_what_is_no_attempts_folder_is_left_alone(store: ArtifactStore) -> None:
    add_machine()
    for prefix in (".staged/pump_1/notes", ".staged/pump_1/1.1.1", ".staged/pump_1/0.1"):
        workspace = store.workspace(prefix)
        (workspace / "a.txt").write_text("a user's")
        store.stage(workspace, prefix)
    assert is_empty(garbage_collection.find(store))


def test_a_placing_that_was_broken_off_is_swept_after_an_hour(
    ledger: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path / "artifacts"), tmp_path)
    assert isinstance(store, LocalStore)
    add_machine()
    make(store, report="text")
    staged = store.root / ".staged/pump_1/1.1/GAN/report.txt"
    os.utime(staged, (1, 1))
    left = store.root / ".staged/.placing/7.abc"
    left.hardlink_to(staged)
    assert is_empty(collect(store))
    monkeypatch.setattr(folder_module, "PLACING_SECONDS", -1.0)
    assert [file.path for file in collect(store).unfinished] == [left]
    assert staged_texts(store) == {"text"}


def test_a_download_that_was_not_read_for_a_day_goes(
    in_bucket: ArtifactStore,
) -> None:
    store = in_bucket
    add_machine()
    make(store, a="first", b="second")
    downloads = {}
    for row in Artifact.select():
        downloads[row.key] = store.fetch(row.staged_key, row.sha256)
        os.utime(downloads[row.key], (1, 1))
    used = Artifact.get(Artifact.key == "GAN/a.txt")
    store.fetch(used.staged_key, used.sha256)
    assert [file.path for file in collect(store).downloads] == [downloads["GAN/b.txt"]]
    assert sha256_of(downloads["GAN/a.txt"]) == used.sha256
    assert staged_texts(store) == {"first", "second"}


def test_a_download_that_is_read_after_the_look_stays(in_bucket: ArtifactStore) -> None:
    add_machine()
    make(in_bucket, a="first")
    row = Artifact.get()
    download = in_bucket.fetch(row.staged_key, row.sha256)
    os.utime(download, (1, 1))
    found = garbage_collection.find(in_bucket)
    assert [file.path for file in found.downloads] == [download]
    in_bucket.fetch(row.staged_key, row.sha256)
    garbage_collection.remove(in_bucket, found)
    assert download.read_text() == "first"


def test_a_workspace_on_this_host_goes_once_its_attempt_has_ended(
    in_bucket: ArtifactStore,
) -> None:
    claim = claimed(add_job())
    artifacts = write(in_bucket, claim, seed="uploaded")
    prefix = f".staged/pump_1/{claim.job_id}.1"
    (in_bucket.workspace(prefix) / "half").write_text("half")
    assert is_empty(collect(in_bucket))
    leases.complete(claim, DONE, artifacts)
    assert [folder.prefix for folder in collect(in_bucket).workspaces] == [prefix]
    assert staged_texts(in_bucket) == {"uploaded"}
