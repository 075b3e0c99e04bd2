"""Readings in, and what jobs find out about units: the transactions of telemetry."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import peewee

from errors import Conflict, InvalidInput, NotFound, Problem
from events.bus import Send, deliver, new_correlation_id, new_event
from events.vocabulary import (
    AlertCleared,
    AlertRaised,
    Event,
    PredictionRequested,
    ReadingsAged,
    ReadingsArrived,
)
from GAN.profiles.profile import MACHINE_ID_PATTERN, MachineProfile
from GAN.telemetry.batch import SentBatch, SentRow
from GAN.telemetry.checking import CheckedRows, check_rows, unit_problems
from storage.database import clock_ms, transaction
from storage.ledger import event_log
from storage.ledger.claims import Claim
from storage.ledger.event_log import Dispatch, NewEvent
from storage.queries.machines import profile_of
from storage.settings import Settings
from storage.telemetry import archives, conditions, readings, units, waiting
from storage.telemetry.alerts import AlertChange
from storage.telemetry.archives import OldReading
from storage.telemetry.readings import Added, NewReading
from storage.telemetry.unit_state import NewState, PassedOver
from storage.telemetry.waiting import LivePredictor, Waiting

#: How many problems an answer lists.
MOST_PROBLEMS = 20

#: How many units a machine may have, unless a setting says otherwise.
DEFAULT_MAX_UNITS: int = Settings.model_fields["max_units"].default


@dataclass
class Taken:
    """What became of a batch.

    Attributes:
        taken: Rows that are new.
        known: Rows whose unit had a reading at that time; the first one counts.
        late: New rows that came after a later one was used; they are kept and change nothing.
        refused: Rows that were not taken.
        problems: Why, and what else is wrong; the first `MOST_PROBLEMS`.
        delivered: Whether the broker has the jobs; if not, a steward sends them.
    """

    taken: int = 0
    known: int = 0
    late: int = 0
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)
    delivered: bool = True


def take_in(
    batch: SentBatch,
    send: Send,
    *,
    actor: str,
    machine_id: str | None = None,
    source: str = "readings",
    max_units: int = DEFAULT_MAX_UNITS,
) -> Taken:
    """Take readings in: all good rows in one transaction, so a batch is never half taken.

    The same batch again changes nothing.

    Args:
        batch: The rows as they were sent.
        send: Sends jobs to the broker; may raise `BrokerUnavailable`.
        actor: Who sends the readings.
        machine_id: The machine of all rows; None: each row names its own.
        source: Name of the batch, for errors.
        max_units: How many units a machine may have.

    Raises:
        NotFound: No such machine.
        Conflict: A machine was deleted meanwhile; nothing was written.
        InvalidInput: No row can be taken, a unit of measurement does not convert, or a machine
            would have too many units; nothing was written.
    """
    if machine_id is not None and machine_profile(machine_id) is None:
        raise NotFound(f"no machine '{machine_id[:100]}'", kind="machine")
    refused = list(batch.problems)
    checked = _checked(batch, machine_id, refused, source)
    for rows in checked.values():
        refused += rows.refused
    taken, jobs = Taken(), list[Dispatch]()
    if any(rows.rows for rows in checked.values()):
        try:
            with transaction():
                for name in sorted(checked):
                    jobs += _add(name, checked[name], taken, refused, actor, max_units)
        except peewee.IntegrityError:
            raise Conflict("a machine was deleted meanwhile; send the readings again") from None
    if not taken.taken + taken.known:
        raise InvalidInput(source, refused[:MOST_PROBLEMS])
    taken.refused = len(refused)
    problems = [*refused, *_remarks(checked), *taken.problems]
    taken.problems = problems[:MOST_PROBLEMS]
    taken.delivered = deliver(jobs, send)
    return taken


def check(batch: SentBatch, machine_id: str | None, source: str) -> tuple[int, list[Problem]]:
    """Check readings as `take_in` does, and write nothing.

    Returns:
        How many rows could be taken, and the problems of the others; the first `MOST_PROBLEMS`.
    """
    refused = list(batch.problems)
    checked = _checked(batch, machine_id, refused, source)
    for rows in checked.values():
        refused += rows.refused
    count = sum(len(rows.rows) for rows in checked.values())
    return count, [*refused, *_remarks(checked)][:MOST_PROBLEMS]


def _checked(
    batch: SentBatch, machine_id: str | None, refused: list[Problem], source: str
) -> dict[str, CheckedRows]:
    by_machine: dict[str, list[SentRow]] = defaultdict(list)
    for row in batch.rows:
        name = machine_id or row.machine
        if machine_id is not None and row.machine not in (None, machine_id):
            what, advice = f"machine is {row.machine}", f"leave it out, or write {machine_id}"
            refused.append(Problem(row.place, what, advice))
        elif name is None:
            refused.append(Problem(row.place, "no machine", "write the id of a machine"))
        else:
            by_machine[name].append(row)
    now, found, wrong = clock_ms(), {}, list[Problem]()
    for name, rows in by_machine.items():
        profile = machine_profile(name)
        if profile is None:
            advice = "onboard it first, or see the list of machines"
            refused += [Problem(row.place, f"no machine {name[:100]!a}", advice) for row in rows]
            continue
        wrong += unit_problems(profile, batch.units)
        if not wrong:
            found[name] = check_rows(rows, profile, batch.units, now)
    if wrong:
        raise InvalidInput(source, wrong[:MOST_PROBLEMS])
    return found


def _add(
    machine_id: str,
    checked: CheckedRows,
    taken: Taken,
    refused: list[Problem],
    actor: str,
    max_units: int,
) -> list[Dispatch]:
    rows = [NewReading(row.place, row.unit, row.at, row.figures) for row in checked.rows]
    added = readings.add(machine_id, rows, max_units)
    taken.taken += added.taken
    taken.known += added.known
    taken.late += added.late
    refused += [
        Problem(
            row.place,
            f"the life of unit {row.unit} began later",
            "report a replacement before you send readings of the new life",
        )
        for row, _ in added.too_early
    ]
    taken.problems += _differing(added)
    jobs = announce_waiting(machine_id, added.taken, len({row.unit for row in rows}), actor)
    if archives.due(machine_id):
        aged = new_event(ReadingsAged(machine_id=machine_id), new_correlation_id())
        jobs += event_log.append(aged).jobs
    return jobs


def _differing(added: Added) -> list[Problem]:
    return [
        Problem(row.place, f"unit {row.unit} has other readings at that time", "they stay")
        for row in added.differing[:MOST_PROBLEMS]
    ]


def announce_waiting(machine_id: str, rows: int, units: int, actor: str) -> list[Dispatch]:
    """Publish ReadingsArrived if readings wait that no job will take; call in a transaction.

    Args:
        machine_id: The machine.
        rows: Rows that have just come.
        units: Units that they belong to.
        actor: Who sent them.
    """
    event_log.prune_recurring(machine_id)
    if waiting.has_open_job(machine_id) or not waiting.waits(machine_id):
        return []
    if waiting.has_just_failed(machine_id):
        return []  # The next readings after a while try again.
    event = ReadingsArrived(machine_id=machine_id, rows=rows, units=units)
    return event_log.append(new_event(event, new_correlation_id(), actor=actor)).jobs


def _remarks(checked: Mapping[str, CheckedRows]) -> list[Problem]:
    """What does not keep a row from being taken."""
    unknown, impossible = Counter[str](), Counter[str]()
    for rows in checked.values():
        unknown += rows.unknown
        impossible += rows.impossible
    return [
        *(
            Problem(name, f"no such sensor, in {count:,} rows", "it was left out")
            for name, count in unknown.most_common(MOST_PROBLEMS)
        ),
        *(
            Problem(name, f"beyond its physical limits in {count:,} rows", "counts as missing")
            for name, count in impossible.most_common(MOST_PROBLEMS)
        ),
    ]


def hold_units(claim: Claim) -> None:
    """Let nothing else change the units of a job's machine until its transaction ends."""
    units.hold(claim.machine_id)


def take_waiting(claim: Claim) -> Waiting:
    """What a prediction works on; a request predicts units without new readings too."""
    every_unit = claim.event_type == PredictionRequested.__name__
    taken = waiting.take(claim.machine_id, every_unit=every_unit)
    return replace(taken, has_failed=claim.attempts + claim.crashes > 0)


def keep_states(
    claim: Claim, kept: tuple[LivePredictor | None, Sequence[NewState], Sequence[PassedOver]]
) -> list[NewEvent]:
    """Write what a prediction has found; the events of alerts, and of readings that wait still."""
    predictor, states, passed_over = kept
    conditions.drop(passed_over)
    changes: list[AlertChange] = []
    if predictor is not None:
        changes = conditions.keep(claim.machine_id, predictor.id, predictor.version, states)
    event_log.prune_recurring(claim.machine_id, spared=claim.event_id)
    events: list[Event] = [alert_event(claim.machine_id, change) for change in changes]
    if waiting.waits(claim.machine_id) and not waiting.has_open_job(claim.machine_id):
        events.append(ReadingsArrived(machine_id=claim.machine_id, rows=0, units=0))
    return [new_event(event, claim.correlation_id) for event in events]


def take_old(claim: Claim) -> list[OldReading]:
    """The readings that a job moves to files."""
    return archives.take(claim.machine_id)


def keep_archived(claim: Claim, ids: Sequence[int]) -> list[NewEvent]:
    """Remove the rows that were moved; the event that moves more, if there are any."""
    archives.remove(ids)
    if not (ids and archives.take(claim.machine_id, limit=1)):
        return []
    return [new_event(ReadingsAged(machine_id=claim.machine_id), claim.correlation_id)]


def alert_event(machine_id: str, change: AlertChange) -> Event:
    """The event of a change of an alert."""
    facts = {
        "machine_id": machine_id,
        "alert_id": change.alert_id,
        "unit": change.unit,
        "cause": change.cause,
        "sentence": change.sentence,
        "reading_at": change.reading_at,
    }
    if change.level is None:
        return AlertCleared(**facts)
    return AlertRaised(**facts, level=change.level)


def machine_profile(machine_id: str) -> MachineProfile | None:
    """The profile of a machine; None if there is no such machine."""
    if len(machine_id) > 100 or not re.fullmatch(MACHINE_ID_PATTERN, machine_id):
        return None  # PostgreSQL refuses some texts, such as one with a NUL.
    there = profile_of(machine_id)
    return None if there is None else _profile(there[0])


@lru_cache(256)
def _profile(text: str) -> MachineProfile:
    return MachineProfile.model_validate_json(text)
