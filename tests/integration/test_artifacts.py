"""Artifacts in a folder and in a bucket (a real S3 protocol server)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from errors import ArtifactCorrupt, NotFound
from storage.artifacts import ArtifactStore, LocalStore, open_store, sha256_of, staging_prefix

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


def test_a_file_that_is_gone_is_said_to_be(store: ArtifactStore) -> None:
    key, sha256 = stage(store, b"short-lived")
    store.delete_staged(PREFIX)
    for missing in (lambda: store.fetch(key, sha256), lambda: store.publish(key, "x")):
        with pytest.raises(NotFound):
            missing()


def test_deleting_what_is_not_there_is_no_error(store: ArtifactStore) -> None:
    store.delete("GAN/nothing")
    store.delete_staged(".staged/nobody")


def test_a_deleted_file_is_gone(store: ArtifactStore) -> None:
    key, _ = stage(store, b"published")
    store.publish(key, "GAN/b")
    store.delete("GAN/b")
    with pytest.raises(NotFound):
        store.publish("GAN/b", "GAN/c")


def test_a_workspace_begins_empty(store: ArtifactStore) -> None:
    (store.workspace(PREFIX) / "left over").write_text("by an earlier run")
    assert list(store.workspace(PREFIX).iterdir()) == []


def test_a_published_name_appears_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    key, _ = stage(store)
    store.publish(key, "out/a.parquet")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.parquet"]
