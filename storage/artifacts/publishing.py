"""Putting committed files in place under their published names, and taking names back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from peewee import fn

from errors import NotFound
from storage.artifacts import registry
from storage.artifacts.registry import PublishedFile
from storage.artifacts.store import ArtifactStore
from storage.database import reading
from storage.tables import Artifact

_BATCH = 500


def put_in_place(store: ArtifactStore, files: Iterable[PublishedFile]) -> None:
    """Publish files; one that cannot be placed holds up no other.

    Raises:
        OSError: Of the last file that could not be placed; a `FileNotFoundError` if the ledger
            has it and its staged file is gone.
    """
    trouble: OSError | None = None
    for file in files:
        try:
            _place(store, file)
        except OSError as error:
            trouble = error
    if trouble is not None:
        raise trouble


def withdraw(store: ArtifactStore, keys: Sequence[str]) -> None:
    """Take published names from files that the ledger has no more.

    Where it has another file under the name, that one is put in place.

    Raises:
        OSError: The store does not answer, or see `put_in_place`.
    """
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        taken = {file.key for file in _newest(Artifact.key.in_(batch))}
        for key in batch:
            if key not in taken:
                store.delete(key)
        # A file may have been committed and published under the name meanwhile.
        put_in_place(store, _newest(Artifact.key.in_(batch)))


def _place(store: ArtifactStore, file: PublishedFile) -> None:
    """Publish a file, then look what the ledger has under its key by now, until that is in place.

    Two workers may publish one key at once, the slower one an older file, or one of a machine
    that has been deleted.
    """
    while True:
        gone: NotFound | None = None
        try:
            store.publish(file.staged_key, file.key)
            registry.mark_published(file.id)
        except NotFound as error:
            gone = error
        newest = _newest((Artifact.machine == file.machine_id) & (Artifact.key == file.key))
        if not newest:
            store.delete(file.key)
            return
        if newest[0].id == file.id:
            if gone is not None:
                raise FileNotFoundError(f"{file.key} cannot be put in place: {gone}")
            return
        (file,) = newest


def _newest(condition: Any) -> list[PublishedFile]:
    """The newest file that each machine has under each key, of the rows that meet a condition."""
    newer = Artifact.alias()
    with reading():
        rows: Any = (
            Artifact.select(
                Artifact.id,
                Artifact.machine,
                Artifact.key,
                Artifact.staged_key,
                Artifact.sha256,
                Artifact.size,
                Artifact.verdict,
                Artifact.published_at,
            )
            .where(
                condition,
                ~fn.EXISTS(
                    newer.select(newer.id).where(
                        newer.machine == Artifact.machine,
                        newer.key == Artifact.key,
                        newer.id > Artifact.id,
                    )
                ),
            )
            .tuples()
        )
        return [PublishedFile(*row) for row in rows]
