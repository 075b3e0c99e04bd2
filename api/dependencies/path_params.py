"""Path parameters: ids are looked up in the ledger; unknown ones are answered with 404."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path

from errors import NotFound
from GAN.profiles.profile import MACHINE_ID_PATTERN
from GAN.telemetry.checking import UNIT_PATTERN
from storage.queries import jobs, machines
from storage.queries.jobs import JobRow
from storage.queries.machines import MachineState

MachineId = Annotated[
    str, Path(description="`machine_id` of its profile.", examples=["pump_example_001"])
]
TaskId = Annotated[
    int, Path(description="`task_id` in the answer that started the task.", examples=[1])
]
UnitName = Annotated[str, Path(description="Name of the unit.", examples=["1"])]

_LONGEST_ID = 100


def machine(machine_id: str) -> MachineState:
    """A machine and its status.

    Raises:
        NotFound: No such machine.
    """
    _check_form(machine_id)
    try:
        return machines.machine(machine_id)
    except NotFound:
        raise _no_machine(machine_id) from None


def profile_of(machine_id: str) -> str:
    """A machine's profile, as JSON text.

    Raises:
        NotFound: No such machine.
    """
    _check_form(machine_id)
    found = machines.profile_of(machine_id)
    if found is None:
        raise _no_machine(machine_id)
    return found[0]


def task(task_id: int) -> JobRow:
    """A job.

    Raises:
        NotFound: No such task.
    """
    if 0 < task_id < 2**31:
        try:
            return jobs.job(task_id)
        except NotFound:
            pass
    raise no_task(str(task_id))


def no_task(written: str) -> NotFound:
    """The error for an unknown task id."""
    return NotFound(f"no task {written[:30]}; a machine's are in GET /api/gan/machines/{{id}}")


def check_unit_name(machine_id: str, unit: str) -> None:
    """Refuse malformed names before the query: PostgreSQL, for example, rejects NUL characters.

    Raises:
        NotFound: No unit can have this name.
    """
    if not UNIT_PATTERN.fullmatch(unit):
        raise NotFound(f"{machine_id} has no unit {unit[:60]!a}; see GET /api/gan/units")


def ledger_id(written: str, what: str, where: str) -> int:
    """The id of a row, as a path has it.

    Args:
        written: The text in the path.
        what: What it is the id of.
        where: The call that lists these.

    Raises:
        NotFound: It cannot be an id.
    """
    if not (written.isascii() and written.isdigit() and 0 < int(written[:20]) < 2**63):
        raise NotFound(f"no {what} {written[:30]!a}; see {where}")
    return int(written)


def _check_form(machine_id: str) -> None:
    """Refuse malformed ids before the query: PostgreSQL, for example, rejects NUL characters."""
    if len(machine_id) > _LONGEST_ID or not re.fullmatch(MACHINE_ID_PATTERN, machine_id):
        raise _no_machine(machine_id)


def _no_machine(machine_id: str) -> NotFound:
    return NotFound(f"no machine {machine_id[:_LONGEST_ID]!a}; see GET /api/gan/machines")
