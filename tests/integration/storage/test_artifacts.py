"""Artifacts in a folder and in a bucket (a real S3 protocol server), and their publication."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from errors import ArtifactCorrupt, NotFound, StoreUnavailable
from storage.artifacts import publishing, registry
from storage.artifacts.staging import StagedArtifact
from storage.artifacts.store import (
    ArtifactStore,
    LocalStore,
    StagedFolder,
    open_store,
    sha256_of,
    staging_prefix,
)
from storage.ledger import claims as claims_module
from storage.ledger import leases as ledger_module
from storage.operations import control
from tests.integration.collecting import folders
from tests.integration.conftest import add_job, finished

PREFIX = staging_prefix("pump_1", 7, 2)


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "folder":
        return open_store(str(tmp_path / "artifacts"), tmp_path)
    return open_store(request.getfixturevalue("bucket"), tmp_path)


def stage(store: ArtifactStore, content: bytes = b"bytes") -> tuple[str, str]:
    workspace = store.workspace(PREFIX)
    (workspace / "GAN" / "seed_data").mkdir(parents=True)
    (workspace / "GAN" / "seed_data" / "a.parquet").write_bytes(content)
    (artifact,) = store.stage(workspace, PREFIX)
    assert artifact.key == "GAN/seed_data/a.parquet"
    assert artifact.size == len(content)
    assert artifact.sha256 == hashlib.sha256(content).hexdigest()
    return artifact.staged_key, artifact.sha256


def test_what_a_stage_wrote_is_read_back_with_the_same_bytes(store: ArtifactStore) -> None:
    key, sha256 = stage(store)
    assert key == f"{PREFIX}/GAN/seed_data/a.parquet"
    assert store.fetch(key, sha256).read_bytes() == b"bytes"
    assert sha256_of(store.fetch(key, sha256)) == sha256


def test_publishing_again_changes_nothing(store: ArtifactStore) -> None:
    key, _ = stage(store)
    store.publish(key, "GAN/seed_data/a.parquet")
    store.publish(key, "GAN/seed_data/a.parquet")
    fetched = store.fetch("GAN/seed_data/a.parquet", hashlib.sha256(b"bytes").hexdigest())
    assert fetched.read_bytes() == b"bytes"


def test_other_bytes_than_the_ledgers_are_refused(store: ArtifactStore) -> None:
    key, _ = stage(store)
    with pytest.raises(ArtifactCorrupt):
        store.fetch(key, "0" * 64)


def test_a_missing_file_is_reported(store: ArtifactStore) -> None:
    key, sha256 = stage(store, b"short-lived")
    store.delete_staged(PREFIX)
    for missing in (lambda: store.fetch(key, sha256), lambda: store.publish(key, "x")):
        with pytest.raises(NotFound):
            missing()


def test_deleting_what_is_not_there_is_no_error(store: ArtifactStore) -> None:
    store.delete("GAN/nothing")
    store.delete_staged(".staged/unknown")


def test_a_deleted_file_is_gone(store: ArtifactStore) -> None:
    key, _ = stage(store, b"published")
    store.publish(key, "GAN/b")
    store.delete("GAN/b")
    with pytest.raises(NotFound):
        store.publish("GAN/b", "GAN/c")


def test_a_workspace_begins_empty(store: ArtifactStore) -> None:
    (store.workspace(PREFIX) / "left over").write_text("by an earlier run")
    assert list(store.workspace(PREFIX).iterdir()) == []


def test_a_published_name_appears_whole_and_leaves_no_other_file(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    key, _ = stage(store)
    store.publish(key, "out/a.parquet")
    store.publish(key, "out/a.parquet")  # a rename between two links to one file does nothing
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.parquet"]
    assert list((tmp_path / ".staged" / ".placing").iterdir()) == []


def test_a_download_leaves_no_other_file(bucket: str, tmp_path: Path) -> None:
    store = open_store(bucket, tmp_path)
    key, sha256 = stage(store)
    fetched = store.fetch(key, sha256)
    assert list(fetched.parent.iterdir()) == [fetched]
    assert list((tmp_path / "scratch" / ".staged" / ".placing").iterdir()) == []


def test_what_is_staged_is_listed_by_attempt_with_its_sizes(store: ArtifactStore) -> None:
    stage(store, b"12345")
    listed = StagedFolder("pump_1", 7, 2, {"GAN/seed_data/a.parquet": 5})
    assert listed in folders(store)
    store.delete_staged(listed.prefix)
    assert listed.prefix not in [folder.prefix for folder in folders(store)]


def test_a_bucket_that_is_not_there_is_noticed(bucket: str, tmp_path: Path) -> None:
    open_store(bucket, tmp_path).check()
    with pytest.raises(StoreUnavailable, match="there is no bucket 'fleets'"):
        open_store(bucket.replace("//fleet/", "//fleets/"), tmp_path).check()


def test_a_store_that_holds_nothing_yet_lists_nothing(bucket: str, tmp_path: Path) -> None:
    for root in (str(tmp_path / "nowhere"), bucket.replace("/prefix?", "/nowhere?")):
        assert list(open_store(root, tmp_path).staged()) == []


@pytest.mark.usefixtures("ledger")
class TestPublication:
    """Published files follow the ledger, also after late or failed publications."""

    def committed(self, store: LocalStore, *names: str) -> list[StagedArtifact]:
        job_id = add_job()
        claim = claims_module.claim(job_id, "worker-1", 30)
        assert claim is not None
        prefix = staging_prefix("pump_1", job_id, 1)
        workspace = store.workspace(prefix)
        for name in names:
            (workspace / name).write_text(name)
        artifacts = store.stage(workspace, prefix)
        ledger_module.complete(claim, finished(), artifacts)
        return artifacts

    def test_a_missing_committed_file_is_reported_and_does_not_stop_the_others(
        self, tmp_path: Path
    ) -> None:
        store = LocalStore(tmp_path)
        lost, _ = self.committed(store, "a.txt", "b.txt")
        store.delete(lost.staged_key)
        for _ in range(2):
            with pytest.raises(FileNotFoundError, match=r"a\.txt cannot be put in place"):
                publishing.put_in_place(store, registry.unpublished())
        assert (tmp_path / "b.txt").read_text() == "b.txt"
        assert [file.key for file in registry.unpublished()] == ["a.txt"]

    def test_a_deleted_machines_file_is_not_published(self, tmp_path: Path) -> None:
        store = LocalStore(tmp_path)
        self.committed(store, "a.txt")
        files = registry.unpublished()
        control.delete_machine("pump_1")
        store.delete_staged(".staged/pump_1")
        publishing.put_in_place(store, files)
        assert not (tmp_path / "a.txt").exists()

    def test_a_machine_that_is_deleted_meanwhile_leaves_no_published_file(
        self, tmp_path: Path
    ) -> None:
        store = LocalStore(tmp_path)
        self.committed(store, "a.txt")
        files = registry.unpublished()
        control.delete_machine("pump_1")
        publishing.put_in_place(store, files)
        assert not (tmp_path / "a.txt").exists()

    def test_a_key_is_withdrawn_unless_the_ledger_has_a_file_for_it(self, tmp_path: Path) -> None:
        store = LocalStore(tmp_path)
        artifacts = self.committed(store, "a.txt")
        for key in ("a.txt", "b.txt"):
            store.publish(artifacts[0].staged_key, key)
        (tmp_path / "a.txt").unlink()
        publishing.withdraw(store, ["a.txt", "b.txt"])
        assert (tmp_path / "a.txt").read_text() == "a.txt"
        assert not (tmp_path / "b.txt").exists()
