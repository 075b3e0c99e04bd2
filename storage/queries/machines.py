"""Reading the ledger: where machines, jobs, events and files stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from errors import NotFound
from storage.database import execute, reading
from storage.queries.events import _OVERDUE, _OVERDUE_KEY
from storage.queries.jobs import SHOWN_STATUS

#: What a machine is called, by its newest job and the newest event of its chain; SQL.
STANDING_STATUS = f"""
CASE WHEN jobs.id IS NULL THEN 'created'
    WHEN jobs.status = 'success' AND events.type = 'MachineOnboarded' THEN 'onboarded'
    WHEN jobs.status = 'success' AND events.type = 'StageFailed' THEN 'failed'
    ELSE {SHOWN_STATUS} END
"""

#: Each machine with its newest job and event; SQL.
STANDING_TABLES = f"""
machines
LEFT JOIN jobs ON jobs.id = (
    SELECT MAX(id) FROM jobs AS newest WHERE newest.machine_id = machines.machine_id
)
LEFT JOIN events ON events.id = (
    SELECT MAX(id) FROM events AS newest
    WHERE newest.machine_id = machines.machine_id AND newest.type <> '{_OVERDUE}'
)
"""


@dataclass(frozen=True)
class Standing:
    """Where a machine's chain is.

    Attributes:
        stage: Stage of its newest job.
        status: That job's status; `stale` when it runs but its worker is gone, `onboarded` when
            the chain has reached its end.
        progress: Of that job, percent.
        since: When the job was created, started or ended, ms since 1970.
        overdue: Whether the job is open and was published to take much longer than usual.
    """

    machine_id: str
    machine_type: str
    category: str
    manufacturer: str
    model: str
    created_at: int
    job_id: int | None
    stage: str | None
    status: str
    progress: int
    message: str
    error_message: str | None
    since: int
    started_at: int | None
    overdue: bool

    @property
    def label(self) -> str:
        """The status as a table shows it."""
        return f"{self.status}, overdue" if self.overdue else self.status


def machines(machine_id: str | None = None) -> list[Standing]:
    """The standing of every machine, or of one, by id."""
    if machine_id is None:
        return standings("ORDER BY machines.machine_id")
    return standings("WHERE machines.machine_id = :machine", machine=machine_id)


def standings(which: str, **parameters: Any) -> list[Standing]:
    """The standing of machines.

    Args:
        which: The end of a query over `STANDING_TABLES`, as `storage.database.execute` takes it.
        parameters: Its values.
    """
    with reading():
        rows = execute(f"SELECT {_STANDING} FROM {STANDING_TABLES} {which}", **parameters)
    return [Standing(*(*row[:-1], bool(row[-1]))) for row in rows]


def machine(machine_id: str) -> Standing:
    """One machine's standing.

    Raises:
        NotFound: No such machine.
    """
    for standing in machines(machine_id):
        return standing
    raise NotFound(f"no machine '{machine_id}'; see: fleetforge machines list")


def profile_of(machine_id: str) -> tuple[str, str] | None:
    """A machine's profile as JSON text and its SHA-256; None if there is no such machine."""
    with reading():
        rows = execute(_PROFILE, machine=machine_id)
    return (rows[0][0], rows[0][1]) if rows else None


# As statements, because clients of the service ask these again and again.
_STANDING = f"""
machines.machine_id, machine_type, category, manufacturer, model, machines.created_at,
jobs.id, jobs.stage, {STANDING_STATUS}, COALESCE(jobs.progress, 0), COALESCE(jobs.message, ''),
jobs.error_message,
COALESCE(jobs.completed_at, jobs.started_at, jobs.due_at, machines.created_at), jobs.started_at,
jobs.status IN ('pending', 'running') AND EXISTS (
    SELECT 1 FROM events AS told
    WHERE told.key = {_OVERDUE_KEY}
)
"""


_PROFILE = "SELECT profile, profile_sha256 FROM machines WHERE machine_id = :machine"
