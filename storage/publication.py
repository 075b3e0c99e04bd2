"""Putting committed files in place under their published names."""

from __future__ import annotations

from collections.abc import Iterable

from errors import NotFound
from storage import standing
from storage.artifacts import ArtifactStore
from storage.standing import PublishedFile


def put_in_place(store: ArtifactStore, files: Iterable[PublishedFile]) -> list[str]:
    """Publish files; the keys that are in place now.

    Two workers may publish one key at once, the slower one an older file: whoever publishes
    looks afterwards whether a newer file was committed, and puts that one in place.
    """
    placed = []
    for file in files:
        newest: PublishedFile | None = file
        while newest is not None:
            try:
                store.publish(newest.staged_key, newest.key)
            except NotFound:
                break  # The machine was deleted, or its staged files were.
            standing.mark_published(newest.id)
            placed.append(newest.key)
            newest = standing.newer_than(newest)
    return placed
