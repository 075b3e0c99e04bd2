"""Publishing: putting committed files in place under their keys, and withdrawing keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from errors import NotFound
from storage.artifacts import registry
from storage.artifacts.registry import PublishedFile
from storage.artifacts.store import ArtifactStore

#: Keys per query.
_BATCH = 500


def put_in_place(store: ArtifactStore, files: Iterable[PublishedFile]) -> None:
    """Publish files; one that fails does not stop the others.

    Raises:
        OSError: The error of the last file that failed; a `FileNotFoundError` if the ledger has
            the file and its staged file was removed.
    """
    failure: OSError | None = None
    for file in files:
        try:
            _place(store, file)
        except OSError as error:
            failure = error
    if failure is not None:
        raise failure


def withdraw(store: ArtifactStore, keys: Sequence[str]) -> None:
    """Remove the published files of keys that the ledger no longer has.

    If the ledger has another file under a key, that file is put in place.

    Raises:
        OSError: The store does not answer, or see `put_in_place`.
    """
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        taken = {file.key for file in registry.under_keys(batch)}
        store.delete_each(key for key in batch if key not in taken)
        # Read again: a file may have been committed and published under a key meanwhile.
        put_in_place(store, registry.under_keys(batch))


def _place(store: ArtifactStore, file: PublishedFile) -> None:
    """Publish a file, and repeat with the ledger's newest file until that one is in place.

    Two workers may publish one key at once; the slower one may have an older file, or the file of a
    deleted machine.
    """
    while True:
        missing: NotFound | None = None
        try:
            store.publish(file.staged_key, file.key)
            registry.mark_published(file.id)
        except NotFound as error:
            missing = error
        newest = registry.newest(file.machine_id, file.key)
        if newest is None:
            store.delete(file.key)
            return
        if newest.id == file.id:
            if missing is not None:
                raise FileNotFoundError(f"{file.key} cannot be put in place: {missing}")
            return
        file = newest
