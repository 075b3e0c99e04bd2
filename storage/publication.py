"""Putting committed files in place under their published names."""

from __future__ import annotations

from collections.abc import Iterable

from errors import NotFound
from storage import standing
from storage.artifacts import ArtifactStore
from storage.standing import PublishedFile


def put_in_place(store: ArtifactStore, files: Iterable[PublishedFile]) -> None:
    """Publish files; one that cannot be placed holds up no other.

    Two workers may publish one key at once, the slower one an older file: whoever publishes
    looks afterwards whether a newer file was committed, and puts that one in place.

    Raises:
        OSError: Of the last file that could not be placed.
    """
    trouble: OSError | None = None
    for file in files:
        newest: PublishedFile | None = file
        while newest is not None:
            try:
                store.publish(newest.staged_key, newest.key)
            except NotFound:
                break  # The machine was deleted, or its staged files were.
            except OSError as error:
                trouble = error
                break
            standing.mark_published(newest.id)
            newest = standing.newer_than(newest)
    if trouble is not None:
        raise trouble
