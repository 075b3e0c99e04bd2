"""Machines and the status of their chains."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from errors import NotFound
from storage.database import each_row, execute, reading
from storage.ledger.chain_status import ONBOARDING
from storage.queries.jobs import SHOWN_STATUS
from storage.status import ChainStatus, MachineStatus

#: The status of a chain as it is shown: `stale` where the worker of its running job is gone. SQL.
CHAIN_STATUS = f"""
CASE WHEN chain_status.status = 'running' THEN {SHOWN_STATUS} ELSE chain_status.status END
"""

#: The status of a machine, that of its onboarding; SQL.
MACHINE_STATUS = f"""
CASE chain_status.status WHEN 'complete' THEN 'onboarded' WHEN 'running' THEN {SHOWN_STATUS}
    ELSE COALESCE(chain_status.status, 'created') END
"""

#: Each machine with the status of its onboarding and the job that this comes from; SQL.
MACHINE_TABLES = f"""
machines
LEFT JOIN chain_status ON chain_status.machine_id = machines.machine_id
    AND chain_status.chain = '{ONBOARDING}'
LEFT JOIN jobs ON jobs.id = chain_status.job_id
"""


@dataclass(frozen=True)
class MachineState:
    """A machine and the state of its onboarding.

    Attributes:
        job_id: The job that the status comes from: the newest that waits or runs, or the one that
            ended the chain. None before the first.
        stage: Stage of that job.
        progress: Of that job, percent.
        since: When that job was created, started or ended, ms since 1970.
        overdue: Whether that job is open and was reported to take much longer than usual.
    """

    machine_id: str
    machine_type: str
    category: str
    manufacturer: str
    model: str
    created_at: int
    job_id: int | None
    stage: str | None
    status: MachineStatus
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


@dataclass(frozen=True)
class ChainState:
    """The state of one chain of a machine; the attributes are those of `MachineState`."""

    chain: str
    status: ChainStatus
    stage: str
    job_id: int


def machines(machine_id: str | None = None) -> list[MachineState]:
    """Every machine, or one, by id."""
    if machine_id is None:
        return machines_where("ORDER BY machines.machine_id")
    return machines_where("WHERE machines.machine_id = :machine", machine=machine_id)


def machines_by_id(machine_ids: Collection[str]) -> list[MachineState]:
    """These machines; those that do not exist are left out."""
    listed = json.dumps([[machine_id] for machine_id in machine_ids])
    which = f"WHERE machines.machine_id IN (SELECT c0 FROM {each_row(1)})"
    return machines_where(which, rows=listed)


def machines_where(which: str, **parameters: Any) -> list[MachineState]:
    """Machines.

    Args:
        which: The end of a query over `MACHINE_TABLES`, as `storage.database.execute` takes it.
        parameters: Its values.
    """
    with reading():
        rows = execute(f"SELECT {_MACHINE} FROM {MACHINE_TABLES} {which}", **parameters)
    return [MachineState(**_typed(dict(zip(_FIELDS, row, strict=True)))) for row in rows]


def machine(machine_id: str) -> MachineState:
    """One machine.

    Raises:
        NotFound: No such machine.
    """
    for state in machines(machine_id):
        return state
    raise NotFound(f"no machine '{machine_id}'", kind="machine")


def chains(machine_id: str) -> list[ChainState]:
    """The chains of a machine that have begun, by name."""
    with reading():
        rows = execute(_CHAINS, machine=machine_id)
    return [ChainState(row[0], ChainStatus(row[1]), *row[2:]) for row in rows]


def profile_of(machine_id: str) -> tuple[str, str] | None:
    """A machine's profile as JSON text and its SHA-256; None if there is no such machine."""
    with reading():
        rows = execute(_PROFILE, machine=machine_id)
    return (rows[0][0], rows[0][1]) if rows else None


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    status, overdue = MachineStatus(values["status"]), bool(values["overdue"])
    return values | {"status": status, "overdue": overdue}


_FIELDS = tuple(field.name for field in fields(MachineState))

_MACHINE = f"""
machines.machine_id, machine_type, category, manufacturer, model, machines.created_at,
jobs.id, jobs.stage, {MACHINE_STATUS}, COALESCE(jobs.progress, 0), COALESCE(jobs.message, ''),
jobs.error_message,
COALESCE(jobs.completed_at, jobs.started_at, jobs.due_at, machines.created_at), jobs.started_at,
jobs.status IN ('pending', 'running') AND jobs.overdue_event_id IS NOT NULL
"""

_CHAINS = f"""
SELECT chain_status.chain, {CHAIN_STATUS}, chain_status.stage, chain_status.job_id
FROM chain_status JOIN jobs ON jobs.id = chain_status.job_id
WHERE chain_status.machine_id = :machine ORDER BY chain_status.chain
"""

_PROFILE = "SELECT profile, profile_sha256 FROM machines WHERE machine_id = :machine"
