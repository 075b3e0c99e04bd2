"""A removal of many batches: its borders, what happens meanwhile, and how it is interrupted."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from errors import LedgerUnavailable
from events import task_acts
from storage.artifacts.staging import submission_key
from storage.artifacts.store import ArtifactStore, LocalStore, open_store
from storage.ledger import leases
from storage.operations import batches, control, garbage_collection, staged_garbage
from storage.settings import Settings
from storage.tables import Artifact
from tests.integration.collecting import (
    claimed,
    collect,
    empty_bucket,
    folders,
    job_being_opened,
    make,
    prefixes,
    published,
    staged_texts,
    submissions,
    train,
    versions,
    while_rows_are_deleted,
    write,
)
from tests.integration.conftest import add_event, add_machine, failed

MACHINES = [f"pump_{number}" for number in range(1, 6)]

#: Row locks are PostgreSQL's; on SQLite, one transaction writes at a time.
on_postgresql = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, ledger: Settings, tmp_path: Path) -> ArtifactStore:
    if request.param == "folder":
        return open_store(str(tmp_path / "artifacts"), tmp_path)
    return empty_bucket(request.getfixturevalue("bucket"), tmp_path)


@pytest.fixture(params=[1, 2])
def small_batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one row or two, and as many machines."""
    monkeypatch.setattr(batches, "ROWS", request.param)
    monkeypatch.setattr(staged_garbage, "MACHINES", request.param)


def give_up(store: ArtifactStore, machine_id: str) -> None:
    """A job that was cancelled while it staged its files."""
    (job,) = add_event("SeedReady", machine_id, stages=["some_stage"]).jobs
    write(store, claimed(job.job_id), seed="half")
    control.cancel(job.job_id)


@pytest.mark.usefixtures("small_batches")
def test_all_batches_are_removed_and_nothing_else(store: ArtifactStore, tmp_path: Path) -> None:
    for machine_id in MACHINES:
        add_machine(machine_id)
        for text in ("1", "2", "3"):
            make(store, machine_id, **{f"{machine_id}_report": machine_id + text})
        give_up(store, machine_id)
    for number in range(5):
        train(store, f"m{number}", str(number))
    add_event("SeedReady", MACHINES[2], stages=["some_stage"])
    removed = collect(store)
    kept = [machine_id for machine_id in MACHINES if machine_id != MACHINES[2]]
    assert [file.machine_id for file in removed.superseded] == [one for one in kept for _ in "12"]
    assert removed.busy == [MACHINES[2]]
    assert sorted(folder.machine_id for folder in removed.attempts) == MACHINES
    assert versions() == [4, 5]
    whole = {f"{machine_id}3" for machine_id in MACHINES}
    assert staged_texts(store) == whole | {"pump_31", "pump_32", "3", "4"}
    assert len(folders(store)) == Artifact.select().count()
    assert [published(store, tmp_path, f"{one}_report") for one in MACHINES] == sorted(whole)


def test_a_folder_goes_with_the_last_of_its_rows(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "ROWS", 1)
    add_machine()
    make(store, a="old", b="old", c="old")
    make(store, a="new", b="new")
    collect(store)
    assert [set(folder.files) for folder in folders(store)] == [
        {"GAN/c.txt"},
        {"GAN/a.txt", "GAN/b.txt"},
    ]
    make(store, c="new")
    assert [file.key for file in collect(store).superseded] == ["GAN/c.txt"]
    assert ".staged/pump_1/1.1" not in prefixes(store)


def test_what_an_interruption_between_batches_left_goes_next_time(
    ledger: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "ROWS", 1)
    store = open_store(str(tmp_path / "artifacts"), tmp_path)
    assert isinstance(store, LocalStore)
    add_machine()
    for number in range(4):
        train(store, f"m{number}", str(number))
    obstacle = store.root / "GAN" / "m1.txt"
    obstacle.unlink()
    obstacle.mkdir()
    found = garbage_collection.find(store, keep_models=1)
    assert [model.version for model in found.models] == [3, 2, 1]
    with pytest.raises(OSError, match=r"m1\.txt"):
        garbage_collection.remove(store, found)
    # The first batch is done, the files of the second are left, the third was not begun.
    assert versions() == [1, 4]
    assert prefixes(store) == [f".staged/pump_1/{number}.1" for number in (1, 2, 4)]
    assert [published(store, tmp_path, name) for name in ("m0", "m2", "m3")] == ["0", None, "3"]
    obstacle.rmdir()
    store.publish(".staged/pump_1/2.1/GAN/m1.txt", "GAN/m1.txt")
    removed = collect(store, keep_models=1)
    assert [model.version for model in removed.models] == [1]
    assert [folder.prefix for folder in removed.attempts] == [".staged/pump_1/2.1"]
    assert versions() == [4]
    assert prefixes(store) == [".staged/pump_1/4.1"]
    names = [published(store, tmp_path, f"m{number}") for number in range(4)]
    assert names == [None, None, None, "3"]


@pytest.fixture
def two_reports(ledger: Settings, tmp_path: Path) -> ArtifactStore:
    """Each of two machines has an old report and a new one, and a failed job."""
    store = open_store(str(tmp_path / "artifacts"), tmp_path)
    for machine_id in ("pump_1", "pump_2"):
        add_machine(machine_id)
        for text in ("old", "new"):
            make(store, machine_id, **{f"{machine_id}_report": text})
        (job,) = add_event(machine_id=machine_id, stages=["some_stage"]).jobs
        leases.fail(claimed(job.job_id), "disk full", failed(machine_id), retryable=False)
    return store


@on_postgresql
def test_a_failed_job_cannot_be_retried_while_files_of_its_machine_are_removed(
    two_reports: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = garbage_collection.find(two_reports)
    came = while_rows_are_deleted(monkeypatch, lambda: task_acts.retry_failed("pump_1", "cli"))
    assert len(garbage_collection.remove(two_reports, found).superseded) == 2
    assert [type(one) for one in came] == [LedgerUnavailable]


@on_postgresql
def test_workers_of_other_machines_go_on_while_rows_are_deleted(
    two_reports: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = garbage_collection.find(two_reports)
    assert {file.machine_id for file in found.superseded} == {"pump_1", "pump_2"}
    monkeypatch.setattr(batches, "ROWS", 1)
    add_machine("pump_3")
    came = while_rows_are_deleted(
        monkeypatch, lambda: claimed(add_event(machine_id="pump_3").jobs[0].job_id).machine_id
    )
    assert len(garbage_collection.remove(two_reports, found).superseded) == 2
    assert came == ["pump_3"] * 2


@on_postgresql
def test_a_machine_for_which_a_job_is_being_opened_is_skipped(two_reports: ArtifactStore) -> None:
    found = garbage_collection.find(two_reports)
    with job_being_opened("pump_1"):
        done = garbage_collection.remove(two_reports, found)
    assert [file.machine_id for file in done.superseded] == ["pump_2"]
    assert done.busy == ["pump_1"]
    assert [file.machine_id for file in collect(two_reports).superseded] == ["pump_1"]


def test_a_clock_of_this_host_that_is_days_ahead_makes_no_file_old(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_machine()
    make(store, report="text")
    (tmp_path / "runs.csv").write_text("unit,hours\n")
    key = submission_key("pump_1", ".csv")
    store.submit(tmp_path / "runs.csv", key)
    row = Artifact.get()
    fetched = store.fetch(row.staged_key, row.sha256)
    placing = tmp_path / ("artifacts" if isinstance(store, LocalStore) else "scratch")
    unfinished = placing / ".staged" / ".placing" / "7.abc"
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_text("half")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3 * 86_400)
    removed = collect(store)
    assert (removed.submissions, removed.downloads, removed.unfinished) == ([], [], [])
    assert [file.key for file in submissions(store)] == [key]
    assert fetched.exists()
    assert unfinished.exists()


def test_the_clock_of_a_store_is_the_one_that_sets_the_times_of_its_files(
    store: ArtifactStore, tmp_path: Path
) -> None:
    before = store.clock_ms()
    (tmp_path / "runs.csv").write_text("unit,hours\n")
    store.submit(tmp_path / "runs.csv", submission_key("pump_1", ".csv"))
    (submission,) = submissions(store)
    # A bucket counts whole seconds.
    assert before // 1000 * 1000 <= submission.stored_at <= store.clock_ms()
