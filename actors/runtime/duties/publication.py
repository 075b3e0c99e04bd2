"""Publishing committed files that are not in place yet."""

from __future__ import annotations

from storage.artifacts import publishing, registry
from storage.artifacts.store import ArtifactStore


class Publication:
    """Publishes what was committed by a worker that died before it could."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def publish(self) -> None:
        """Put every unpublished file under its published name.

        Raises:
            OSError: A file cannot be put in place; the others were.
        """
        publishing.put_in_place(self._store, registry.unpublished())
