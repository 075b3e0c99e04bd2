"""ReadingsAged → ReadingsArchived: readings of past days move from the ledger to files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from actors.stage import Job, stage
from events.telemetry import hold_units, keep_archived, take_old
from events.vocabulary import ReadingsAged, ReadingsArchived
from GAN.datasets.readings_file import ReadingRow, by_day, write_readings
from storage.telemetry.archives import OldReading, key_of

_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)


@stage(
    queue="telemetry", channel="gan:archive", takes=take_old, keeps=keep_archived, locks=hold_units
)
def archive_readings(
    event: ReadingsAged,  # noqa: ARG001  # its type is the wiring
    job: Job,
) -> ReadingsArchived:
    """Write a file for each day; the completing transaction removes the rows."""
    taken: list[OldReading] = job.taken
    rows = [ReadingRow(row.unit, row.at, row.figures, row.late) for row in taken]
    days = 0
    for day, found in by_day(rows):
        date = (_FIRST_DAY + timedelta(days=day)).date().isoformat()
        write_readings(job.profile, found, job.workspace / key_of(job.machine_id, date, job.id))
        days += 1
    job.keep([row.id for row in taken])
    return ReadingsArchived(machine_id=job.machine_id, rows=len(taken), days=days)
