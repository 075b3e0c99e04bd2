"""Which files of the ledger `gc` lets go, on both databases, in a folder and in a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from errors import LedgerUnavailable
from storage.artifacts import registry
from storage.artifacts.store import ArtifactStore, LocalStore, open_store
from storage.ledger import leases
from storage.operations import garbage_collection
from storage.settings import Settings
from storage.tables import Artifact
from tests.integration.collecting import (
    DONE,
    claimed,
    collect,
    empty_bucket,
    is_empty,
    make,
    publish_all,
    published,
    staged_texts,
    train,
    versions,
    while_rows_are_deleted,
    write,
)
from tests.integration.conftest import add_event, add_machine


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, ledger: Settings, tmp_path: Path) -> ArtifactStore:
    if request.param == "folder":
        return open_store(str(tmp_path / "artifacts"), tmp_path)
    return empty_bucket(request.getfixturevalue("bucket"), tmp_path)


def test_a_file_that_a_newer_one_has_replaced_goes(store: ArtifactStore, tmp_path: Path) -> None:
    add_machine()
    make(store, report="old", page="only")
    make(store, report="new")
    removed = collect(store)
    assert [(file.key, file.size) for file in removed.superseded] == [("GAN/report.txt", 3)]
    assert staged_texts(store) == {"new", "only"}
    assert published(store, tmp_path, "report") == "new"
    assert published(store, tmp_path, "page") == "only"


def test_an_older_file_stays_until_the_newer_one_is_published(store: ArtifactStore) -> None:
    add_machine()
    make(store, report="old")
    (job,) = add_event(stages=["some_stage"]).jobs
    claim = claimed(job.job_id)
    leases.complete(claim, DONE, write(store, claim, report="new"))
    assert is_empty(collect(store))
    publish_all(store)
    assert len(collect(store).superseded) == 1


@pytest.mark.parametrize("runs", [True, False])
def test_machines_with_open_jobs_keep_their_older_files(store: ArtifactStore, runs: bool) -> None:
    for machine_id in ("pump_1", "pump_2"):
        add_machine(machine_id)
        make(store, machine_id, **{f"{machine_id}_report": "old"})
        make(store, machine_id, **{f"{machine_id}_report": "new"})
    (job,) = add_event(stages=["some_stage"]).jobs
    if runs:
        claimed(job.job_id)
    removed = collect(store)
    assert [file.machine_id for file in removed.superseded] == ["pump_2"]
    assert removed.busy == ["pump_1"]
    assert Artifact.select().where(Artifact.machine == "pump_1").count() == 2


def test_a_job_that_is_opened_after_the_look_keeps_its_machines_files(
    store: ArtifactStore,
) -> None:
    add_machine()
    make(store, report="old")
    make(store, report="new")
    found = garbage_collection.find(store)
    assert len(found.superseded) == 1
    add_event(stages=["some_stage"])
    removed = garbage_collection.remove(store, found)
    assert (removed.superseded, removed.busy) == ([], ["pump_1"])
    assert staged_texts(store) == {"old", "new"}


def test_no_job_can_be_opened_while_rows_are_deleted(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_machine()
    make(store, report="old")
    make(store, report="new")
    found = garbage_collection.find(store)
    came = while_rows_are_deleted(monkeypatch, lambda: add_event(stages=["some_stage"]))
    assert len(garbage_collection.remove(store, found).superseded) == 1
    assert [type(one) for one in came] == [LedgerUnavailable]


def test_of_the_models_the_newest_and_the_newest_accepted_one_stay(
    store: ArtifactStore, tmp_path: Path
) -> None:
    add_machine()
    train(store, "m1", "first", accepted=True)
    train(store, "m2", "second", accepted=True)
    train(store, "m3", "third")
    train(store, "m4", "fourth")
    train(store, "m5", "fifth")
    removed = collect(store)
    assert [(model.version, model.key) for model in removed.models] == [
        (3, "GAN/m3.txt"),
        (1, "GAN/m1.txt"),
    ]
    assert versions() == [2, 4, 5]
    assert staged_texts(store) == {"second", "fourth", "fifth"}
    for name, text in (("m1", None), ("m2", "second"), ("m3", None), ("m4", "fourth")):
        assert published(store, tmp_path, name) == text
    collect(store, keep_models=1)
    assert versions() == [2, 5]


def test_a_model_that_is_kept_stays_though_a_newer_one_has_its_name(
    store: ArtifactStore, tmp_path: Path
) -> None:
    add_machine()
    train(store, "m", "accepted", accepted=True)
    train(store, "m", "rejected")
    assert is_empty(collect(store))
    assert staged_texts(store) == {"accepted", "rejected"}
    assert published(store, tmp_path, "m") == "rejected"


def test_what_describes_a_model_stays_and_goes_with_it(
    store: ArtifactStore, tmp_path: Path
) -> None:
    add_machine()
    train(store, "m", "accepted", accepted=True, card="of accepted")
    train(store, "n", "old", other_card="of old")
    train(store, "m", "new", card="of new")
    assert is_empty(collect(store))
    (removed,) = collect(store, keep_models=1).models
    assert {file.key for file in removed.files} == {"GAN/n.txt", "GAN/other_card.txt"}
    assert staged_texts(store) == {"accepted", "of accepted", "new", "of new"}
    assert published(store, tmp_path, "card") == "of new"
    assert published(store, tmp_path, "other_card") is None


def test_a_published_name_that_a_newer_model_uses_stays(
    store: ArtifactStore, tmp_path: Path
) -> None:
    add_machine()
    train(store, "m", "old")
    train(store, "m", "new")
    assert [model.version for model in collect(store, keep_models=1).models] == [1]
    assert staged_texts(store) == {"new"}
    assert published(store, tmp_path, "m") == "new"


def test_a_name_whose_newest_model_went_belongs_to_the_older_one_that_stays(
    store: ArtifactStore, tmp_path: Path
) -> None:
    add_machine()
    train(store, "m", "accepted", accepted=True)
    train(store, "m", "rejected")
    train(store, "other", "newest")
    assert [model.version for model in collect(store, keep_models=1).models] == [2]
    assert versions() == [1, 3]
    assert published(store, tmp_path, "m") == "accepted"
    assert registry.unpublished() == []


def test_after_it_the_next_version_has_the_next_number(store: ArtifactStore) -> None:
    add_machine()
    for number in range(3):
        train(store, f"m{number}", str(number))
    collect(store, keep_models=1)
    train(store, "m3", "next")
    assert versions() == [3, 4]


def test_after_a_broken_off_removal_stewards_see_which_older_model_has_to_be_put_in_place(
    ledger: Settings, tmp_path: Path
) -> None:
    store = open_store(str(tmp_path / "artifacts"), tmp_path)
    assert isinstance(store, LocalStore)
    add_machine()
    train(store, "m", "accepted", accepted=True)
    train(store, "m", "rejected")
    train(store, "n", "old")
    train(store, "o", "newest")
    obstacle = store.root / "GAN" / "n.txt"
    obstacle.unlink()
    obstacle.mkdir()
    with pytest.raises(OSError, match=r"n\.txt"):
        garbage_collection.remove(store, garbage_collection.find(store, 1))
    assert published(store, tmp_path, "m") == "rejected"
    publish_all(store)
    assert published(store, tmp_path, "m") == "accepted"
