"""Silences: times of planned work in which alerts are recorded and not sent."""

from __future__ import annotations

from dataclasses import dataclass

from errors import InvalidInput, NotFound, Problem
from storage.database import clock_ms, execute, reading, transaction

#: The longest silence, days: a forgotten one must not hide alarms for years.
MOST_DAYS = 30
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Silence:
    """A silence. Times are ms since 1970.

    Attributes:
        machine_id: None: all machines.
        unit: None: all units of the machine.
        who: Who has added it.
    """

    id: int
    machine_id: str | None
    unit: str | None
    starts_at: int
    ends_at: int
    who: str
    note: str

    def covers(self, machine_id: str, unit: str) -> bool:
        """Whether alerts of this unit are silenced by it."""
        return self.machine_id in (None, machine_id) and self.unit in (None, unit)


@dataclass(frozen=True)
class NewSilence:
    """A silence to be added; its attributes are those of `Silence`.

    Attributes:
        starts_at: None: now.
    """

    machine_id: str | None
    unit: str | None
    starts_at: int | None
    ends_at: int
    note: str = ""


def add(new: NewSilence, who: str) -> Silence:
    """Add a silence. Alerts that were raised before it are not affected.

    Raises:
        InvalidInput: It ends before it starts, is over, is too long, or names a unit without a
            machine.
        NotFound: No such machine or unit.
    """
    now = clock_ms()
    starts_at = now if new.starts_at is None else new.starts_at
    problems = _problems(new, starts_at, now)
    if problems:
        raise InvalidInput("silences", problems)
    with transaction():
        _check_there(new.machine_id, new.unit)
        ((silence_id,),) = execute(
            _ADD,
            machine=new.machine_id,
            unit=new.unit,
            starts=starts_at,
            ends=new.ends_at,
            who=who,
            note=new.note,
        )
    return Silence(silence_id, new.machine_id, new.unit, starts_at, new.ends_at, who, new.note)


def silences(*, ended: bool = False) -> list[Silence]:
    """Silences that are in force or to come, the first to end first.

    Args:
        ended: Also those that are over.
    """
    where = "" if ended else "WHERE ends_at > {now}"
    with reading():
        rows = execute(f"{_LIST} {where} ORDER BY ends_at, id")
    return [Silence(*row) for row in rows]


def delete(silence_id: int) -> None:
    """Delete a silence; call inside a transaction. See `announcements.end_silence`.

    Raises:
        NotFound: No such silence.
    """
    if not execute("DELETE FROM silences WHERE id = :id RETURNING id", id=silence_id):
        raise NotFound(f"no silence {str(silence_id)[:30]}", kind="silence")


def in_force() -> list[Silence]:
    """The silences that are in force now; call inside a transaction."""
    where = "WHERE starts_at <= {now} AND ends_at > {now}"
    return [Silence(*row) for row in execute(f"{_LIST} {where} ORDER BY ends_at, id")]


def _problems(new: NewSilence, starts_at: int, now: int) -> list[Problem]:
    problems = []
    if new.unit is not None and new.machine_id is None:
        problems.append(Problem("unit", "a unit without a machine", "name its machine too"))
    if new.ends_at <= max(starts_at, now):
        problems.append(Problem("ends_at", "it is over then", "write a later end"))
    elif new.ends_at - max(starts_at, now) > MOST_DAYS * _DAY_MS:
        advice = f"write at most {MOST_DAYS} days, and add another one later"
        problems.append(Problem("ends_at", "a very long silence", advice))
    return problems


def _check_there(machine_id: str | None, unit: str | None) -> None:
    if machine_id is None:
        return
    if not execute("SELECT 1 FROM machines WHERE machine_id = :machine", machine=machine_id):
        raise NotFound(f"no machine '{machine_id[:100]}'", kind="machine")
    if unit is not None and not execute(_UNIT, machine=machine_id, unit=unit):
        raise NotFound(f"{machine_id} has no unit '{unit[:60]}'", kind="unit")


_UNIT = "SELECT 1 FROM units WHERE machine_id = :machine AND unit = :unit"

_ADD = """
INSERT INTO silences (machine_id, unit, starts_at, ends_at, who, note, created_at)
VALUES (:machine, :unit, :starts, :ends, :who, :note, {now})
RETURNING id
"""

_LIST = "SELECT id, machine_id, unit, starts_at, ends_at, who, note FROM silences"
