"""Reading the ledger: where machines, jobs, events and files stand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from errors import NotFound
from storage.database import database, execute, now_ms, reading
from storage.tables import Event, Job
from storage.workers import SHOWN_STATUS

#: News of a job that goes on: whatever has ended before it has ended still.
_OVERDUE = "StageOverdue"

# As `storage.overdue` makes it: the next attempt, with its own token, is not overdue yet.
_OVERDUE_KEY = f"'{_OVERDUE}:' || jobs.id || '.' || jobs.token"

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


def jobs(
    *, status: str | None = None, machine_id: str | None = None, limit: int = 1000
) -> list[dict[str, Any]]:
    """Jobs, newest first, with the `status` that the ledger has and the `shown_status`.

    Args:
        status: Only jobs of this shown status.
        machine_id: Only jobs of this machine.
        limit: This many at most.
    """
    asked = {"status": status, "machine": machine_id}
    conditions = [_JOB_CONDITIONS[name] for name, value in asked.items() if value]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    parameters = {name: value for name, value in asked.items() if value}
    return _jobs(f"{where} ORDER BY jobs.id DESC LIMIT :most", most=limit, **parameters)


def job(job_id: int) -> dict[str, Any]:
    """One job, as `jobs` gives them.

    Raises:
        NotFound: No such job.
    """
    found = _jobs("WHERE jobs.id = :job", job=job_id)
    if not found:
        raise NotFound(f"no job {job_id}; see: fleetforge jobs")
    return found[0]


def event(event_id: int) -> dict[str, Any]:
    """One event.

    Raises:
        NotFound: No such event.
    """
    found = events_where("WHERE id = :event", event=event_id)
    if not found:
        raise NotFound(f"no event {event_id}; see: fleetforge events")
    return found[0]


def events_where(which: str, **parameters: Any) -> list[dict[str, Any]]:
    """Events, as `event` gives one.

    Args:
        which: The end of a query over `events`, as `storage.database.execute` takes it.
        parameters: Its values.
    """
    with reading():
        rows = execute(f"SELECT {_EVENT} FROM events {which}", **parameters)
    return [_event(dict(zip(_EVENT_FIELDS, row, strict=True))) for row in rows]


def overdue_news(job_id: int) -> dict[str, Any] | None:
    """The event that says that a job's present attempt takes too long; None if there is none."""
    told = events_where(
        f"WHERE key = (SELECT {_OVERDUE_KEY} FROM jobs WHERE id = :job)", job=job_id
    )
    return told[0] if told else None


def events(
    *, machine_id: str | None = None, after_id: int = 0, limit: int = 1000
) -> list[dict[str, Any]]:
    """Events after an id, oldest first; the newest `limit` of them."""
    of_machine = "AND machine_id = :machine" if machine_id else ""
    asked = {"machine": machine_id} if machine_id else {}
    which = f"WHERE id > :after {of_machine} ORDER BY id DESC LIMIT :most"
    return events_where(which, after=after_id, most=limit, **asked)[::-1]


def correlation_of(machine_id: str) -> str | None:
    """The id of a machine's newest chain; None before its first event."""
    with reading():
        rows = execute(_NEWEST_CHAIN, machine=machine_id)
    return rows[0][0] if rows else None


def clock_ms() -> int:
    """The database's clock."""
    with reading():
        (now,) = database.execute_sql(f"SELECT {now_ms().sql}").fetchone()
    return int(now)


def _jobs(which: str, **parameters: Any) -> list[dict[str, Any]]:
    with reading():
        rows = execute(f"SELECT {_JOB}, {SHOWN_STATUS} FROM jobs {which}", **parameters)
    return [dict(zip((*_JOB_FIELDS, "shown_status"), row, strict=True)) for row in rows]


def _event(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"payload": json.loads(row["payload"])}


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

_EVENT_FIELDS = tuple(Event._meta.columns)
_EVENT = ", ".join(_EVENT_FIELDS)

_JOB_FIELDS = tuple(Job._meta.columns)
_JOB = ", ".join(f"jobs.{name}" for name in _JOB_FIELDS)
_JOB_CONDITIONS = {"status": f"{SHOWN_STATUS} = :status", "machine": "jobs.machine_id = :machine"}

_PROFILE = "SELECT profile, profile_sha256 FROM machines WHERE machine_id = :machine"

_NEWEST_CHAIN = """
SELECT correlation_id FROM events WHERE machine_id = :machine ORDER BY id DESC LIMIT 1
"""
