"""Reading the ledger: where machines, jobs, events and files stand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from peewee import JOIN, SQL, Case, fn

from errors import NotFound
from storage.database import database, now_ms, reading
from storage.tables import Event, Job, Machine
from storage.workers import shown_status

#: What a machine is called when its newest job is done and its newest event is this.
_END_OF_CHAIN = {"MachineOnboarded": "onboarded", "StageFailed": "failed"}
#: News of a job that goes on: whatever has ended before it has ended still.
_OVERDUE = "StageOverdue"


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


class Standings(NamedTuple):
    """A query for the standing of every machine, and two of its columns to choose by."""

    query: Any
    status: Any
    stage: Any

    def read(self, *conditions: Any) -> list[Standing]:
        """The standings that meet the conditions."""
        query = self.query.where(*conditions) if conditions else self.query
        with reading():
            return [_standing(row) for row in _dicts(query)]


def standings() -> Standings:
    """Where each machine stands, still to be filtered, ordered and limited."""
    job, event = Job.alias(), Event.alias()
    status = _status(job, event)
    query = (
        Machine.select(Machine, job, status.alias("standing"), _is_overdue(job).alias("overdue"))
        .join(job, JOIN.LEFT_OUTER, on=(job.id == _newest(Job)))
        .join(event, JOIN.LEFT_OUTER, on=(event.id == _newest(Event, Event.type != _OVERDUE)))
    )
    return Standings(query, status, job.stage)


def machines(machine_id: str | None = None) -> list[Standing]:
    """The standing of every machine, or of one, by id."""
    asked = [] if machine_id is None else [Machine.machine_id == machine_id]
    return sorted(standings().read(*asked), key=lambda found: found.machine_id)


def machine(machine_id: str) -> Standing:
    """One machine's standing.

    Raises:
        NotFound: No such machine.
    """
    for standing in machines(machine_id):
        return standing
    raise NotFound(f"no machine '{machine_id}'; see: fleetforge machines list")


def _standing(row: dict[str, Any]) -> Standing:
    return Standing(
        machine_id=row["machine_id"],
        machine_type=row["machine_type"],
        category=row["category"],
        manufacturer=row["manufacturer"],
        model=row["model"],
        created_at=row["created_at"],
        job_id=row["id"],
        stage=row["stage"],
        status=row["standing"],
        progress=row["progress"] or 0,
        message=row["message"] or "",
        error_message=row["error_message"],
        since=row["completed_at"] or row["started_at"] or row["due_at"] or row["created_at"],
        started_at=row["started_at"],
        overdue=bool(row["overdue"]),
    )


def profile_of(machine_id: str) -> tuple[str, str] | None:
    """A machine's profile as JSON text and its SHA-256; None if there is no such machine."""
    with reading():
        row = Machine.get_or_none(Machine.machine_id == machine_id)
    return (row.profile, row.profile_sha256) if row else None


def jobs(
    *, status: str | None = None, machine_id: str | None = None, limit: int = 1000
) -> list[dict[str, Any]]:
    """Jobs, newest first, with the `status` that the ledger has and the `shown_status`.

    Args:
        status: Only jobs of this shown status.
        machine_id: Only jobs of this machine.
        limit: This many at most.
    """
    query = _jobs().order_by(Job.id.desc()).limit(limit)
    if status:
        query = query.where(shown_status(Job) == status)
    if machine_id:
        query = query.where(Job.machine == machine_id)
    with reading():
        return [_renamed(row) for row in _dicts(query)]


def job(job_id: int) -> dict[str, Any]:
    """One job, as `jobs` gives them.

    Raises:
        NotFound: No such job.
    """
    with reading():
        row = _jobs().where(Job.id == job_id).dicts().first()
    if row is None:
        raise NotFound(f"no job {job_id}; see: fleetforge jobs")
    return _renamed(row)


def event(event_id: int) -> dict[str, Any]:
    """One event.

    Raises:
        NotFound: No such event.
    """
    with reading():
        row = Event.select().where(Event.id == event_id).dicts().first()
    if row is None:
        raise NotFound(f"no event {event_id}; see: fleetforge events")
    return as_event(row)


def overdue_news(job_id: int) -> dict[str, Any] | None:
    """The event that says that a job's present attempt takes too long; None if there is none."""
    query = Event.select(Event).join(Job, on=(Event.key == _overdue_key(Job)))
    with reading():
        row = query.where(Job.id == job_id).dicts().first()
    return as_event(row) if row else None


def events(
    *, machine_id: str | None = None, after_id: int = 0, limit: int = 1000
) -> list[dict[str, Any]]:
    """Events after an id, oldest first; the newest `limit` of them."""
    query = Event.select().where(Event.id > after_id).order_by(Event.id.desc()).limit(limit)
    if machine_id:
        query = query.where(Event.machine == machine_id)
    with reading():
        return [as_event(row) for row in _dicts(query)][::-1]


def correlation_of(machine_id: str) -> str | None:
    """The id of a machine's newest chain; None before its first event."""
    newest = Event.select(Event.correlation_id).where(Event.machine == machine_id)
    with reading():
        row = newest.order_by(Event.id.desc()).first()
    return row.correlation_id if row else None


def clock_ms() -> int:
    """The database's clock."""
    with reading():
        (now,) = database.execute_sql(f"SELECT {now_ms().sql}").fetchone()
    return int(now)


def _status(job: Any, event: Any) -> Any:
    """What a machine's newest job and the newest event of its chain make of it."""
    ended = Case(event.type, list(_END_OF_CHAIN.items()), "success")
    known = [(job.id.is_null(), "created"), (job.status == "success", ended)]
    return Case(None, known, shown_status(job))


def _newest(table: Any, *conditions: Any) -> Any:
    """The id of the newest job or event of the machine that a query comes to."""
    return table.select(fn.MAX(table.id)).where(table.machine == Machine.machine_id, *conditions)


def _is_overdue(job: Any) -> Any:
    told = Event.select(Event.id).where(Event.key == _overdue_key(job))
    return job.status.in_(["pending", "running"]) & fn.EXISTS(told)


def _overdue_key(job: Any) -> Any:
    """As `storage.overdue` makes it: the next attempt, with its own token, is not overdue yet."""
    return SQL(f"'{_OVERDUE}:'").concat(job.id).concat(SQL("'.'")).concat(job.token)


def _jobs() -> Any:
    return Job.select(Job, shown_status(Job).alias("shown_status"))


def as_event(row: dict[str, Any]) -> dict[str, Any]:
    """An event as `event` gives it, from its row."""
    return _renamed(row) | {"payload": json.loads(row["payload"])}


def _dicts(query: Any) -> list[dict[str, Any]]:
    return list(query.dicts())


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    return {{"machine": "machine_id", "event": "event_id"}.get(k, k): v for k, v in row.items()}
