"""The readings of a unit from the ledger and from files of past days, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import groupby, islice

from GAN.datasets.readings_file import read_readings
from GAN.profiles.profile import MachineProfile
from storage.artifacts.registry import PublishedFile
from storage.artifacts.store import ArtifactStore
from storage.database import clock_ms
from storage.telemetry import archives, history
from storage.telemetry.history import StoredReading, UnitHistory


def readings_of_unit(
    profile: MachineProfile,
    unit: str,
    store: ArtifactStore,
    *,
    since: int | None,
    until: int | None,
) -> Iterator[StoredReading]:
    """All readings of a unit, one day of files in memory at a time.

    Args:
        profile: Its machine type.
        unit: Its name.
        store: The files.
        since: Only readings at or after this, ms since 1970.
        until: Only readings at or before this.

    Raises:
        NotFound: The machine has no such unit.
        ArtifactCorrupt: A file is not the ledger's.
    """
    found = history.history_of(profile.machine_id, unit)
    # The files first: a row that is moved meanwhile is then in the table, or in both.
    first, last = since or 0, clock_ms() if until is None else until
    files = archives.files(profile.machine_id, first, last)
    archived = _archived(profile, unit, store, files, found, first, last)
    kept = (row for batch in history.each_batch(found, since=since, until=until) for row in batch)
    seen = None
    for row in merge(archived, kept, key=lambda row: row.at):
        if row.at != seen:
            yield row
        seen = row.at


def in_batches(
    rows: Iterator[StoredReading], size: int = history.BATCH_ROWS
) -> Iterator[list[StoredReading]]:
    """The rows, so many at a time."""
    while batch := list(islice(rows, size)):
        yield batch


def _archived(
    profile: MachineProfile,
    unit: str,
    store: ArtifactStore,
    files: list[PublishedFile],
    found: UnitHistory,
    since: int,
    until: int,
) -> Iterator[StoredReading]:
    for _, of_day in groupby(files, key=lambda file: archives.day_of(file.key)):
        rows = [
            StoredReading(row.at, *found.life_at(row.at), row.figures, row.late)
            for file in of_day
            for row in read_readings(
                profile, store.fetch(file.staged_key, file.sha256), [unit], since, until
            )
        ]
        yield from sorted(rows)
