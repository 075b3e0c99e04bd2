"""What has changed in the fleet since the last look, and the units that it concerns.

No column says when a unit has changed. But whatever changes one leaves a trace with a higher
number: readings have ids, and all else publishes an event about the machine. So a look reads what
is new in both, and then the units and machines that this names. Time alone changes a few things
(a unit falls silent), and one may be missed after an outage, so all are compared now and then.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import sub
from typing import Any, NamedTuple

import orjson

from storage.database import each_row, execute, is_sqlite, reading
from storage.ledger.chain_status import ONBOARDING
from storage.queries.in_service.units import MS_PER_HOUR, PREDICTING, SHOWN_LEVEL, reason
from storage.queries.task_states import LATEST_COMMIT
from storage.status import UnitLevel

#: Readings that the time between two readings is computed from.
CADENCE_READINGS = 50


@dataclass(frozen=True)
class Trace:
    """The highest numbers at a moment.

    Attributes:
        clock: That moment, ms since 1970.
        machines: How many machines there were, and when the newest one was created: one that was
            created while another was deleted leaves the number as it was.
    """

    clock: int
    event_id: int
    reading_id: int
    machines: tuple[int, int]


class Changes(NamedTuple):
    """What may have changed.

    Attributes:
        machines: Machines with events, or with a job of their onboarding that waits or runs.
        predicted: Those with events: any of their units may have changed.
        units: Units with new readings, by their ids.
    """

    machines: set[str]
    predicted: set[str]
    units: set[int]


class UnitFacts(NamedTuple):
    """A unit without its prediction, or a machine that has a predictor and no unit.

    Attributes:
        unit_id: None without a unit.
        unit: Empty without a unit.
        rul_hours: Changes with the prediction; None without one.
        learnt_from: What the version that predicts has learnt from.
    """

    unit_id: int | None
    machine_id: str
    unit: str
    life: int
    seen_at: int | None
    received_at: int | None
    level: UnitLevel
    level_since: int | None
    why: str
    predicted_at: int | None
    rul_hours: float | None
    predictor_version: int | None
    predictor_id: int | None
    learnt_from: str | None
    alert_id: int | None


class Run(NamedTuple):
    """The newest run of a machine's onboarding.

    Attributes:
        event_id: The event that it began with.
        attempt: How often the run has come to its present stage: 2 in the first retraining.
        began_at: When that event happened, ms since 1970; None in old ledgers.
    """

    event_id: int
    stage: str
    attempt: int
    began_at: int | None


def trace() -> Trace:
    """The highest numbers now; call it before reading what it is a trace of."""
    with reading():
        ((clock, event_id, reading_id, *machines),) = execute(_TRACE)
    return Trace(clock, event_id, reading_id, tuple(machines))


def changes(traces: Sequence[Trace]) -> Changes:
    """What may have changed since a trace.

    Args:
        traces: Those of earlier looks, the newest last. PostgreSQL assigns numbers before the
            commit: there, the newest one counts after which no transaction is still writing.
    """
    newest = traces[-1]
    since = newest
    if not is_sqlite():
        settled = [one for one in traces if one.clock <= newest.clock - LATEST_COMMIT]
        since = settled[-1] if settled else traces[0]
    with reading():
        predicted = {row[0] for row in execute(_EVENTS, since=since.event_id)}
        units = {row[0] for row in execute(_READINGS, since=since.reading_id)}
        working = {row[0] for row in execute(_WORKING, chain=ONBOARDING)}
    return Changes(predicted | working, predicted, units)


def machine_ids() -> set[str]:
    """The ids of all machines."""
    with reading():
        return {row[0] for row in execute("SELECT machine_id FROM machines")}


def all_units(silent_hours: float) -> list[UnitFacts]:
    """Every unit, and every machine that has a predictor and no unit.

    Args:
        silent_hours: A unit whose newest readings came longer ago has no forecast.
    """
    return _facts("", silent_hours)


def units_of(machine_ids: Collection[str], silent_hours: float) -> list[UnitFacts]:
    """The same, of these machines."""
    return _facts(
        f"AND machines.machine_id IN (SELECT c0 FROM {each_row(1)})",
        silent_hours,
        rows=_rows(machine_ids),
    )


def units_by_id(unit_ids: Collection[int], silent_hours: float) -> list[UnitFacts]:
    """These units."""
    which = f"AND units.id IN (SELECT CAST(c0 AS BIGINT) FROM {each_row(1)})"
    return _facts(which, silent_hours, rows=_rows(unit_ids))


def predictions(unit_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """The newest predictions of units, without their explanations, by unit id."""
    with reading():
        rows = execute(_LATEST.format(rows=each_row(1)), rows=_rows(unit_ids))
    return {unit_id: orjson.loads(latest) for unit_id, latest in rows}


def priors(machine_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The prediction of a new unit of each machine, by the version that is live."""
    with reading():
        rows = execute(_PRIORS.format(rows=each_row(1)), rows=_rows(machine_ids))
    return {machine_id: json.loads(prior) for machine_id, prior in rows}


def cadences(unit_ids: Collection[int]) -> dict[int, int]:
    """The median time between a unit's newest readings, ms, by unit id."""
    with reading():
        rows = execute(_TIMES.format(rows=each_row(1)), rows=_rows(unit_ids), most=CADENCE_READINGS)
    times = {unit_id: [*map(int, (found or "").split())] for unit_id, found in rows}
    gaps = {unit_id: sorted(map(sub, found, found[1:])) for unit_id, found in times.items()}
    return {unit_id: found[len(found) // 2] for unit_id, found in gaps.items() if found}


def runs(machine_ids: Collection[str]) -> dict[str, Run]:
    """The newest run of each machine's onboarding; those without one are left out."""
    with reading():
        rows = execute(_RUNS.format(rows=each_row(1)), rows=_rows(machine_ids), chain=ONBOARDING)
    return {machine_id: Run(event_id or 0, *rest) for machine_id, event_id, *rest in rows}


def _rows(values: Collection[str] | Collection[int]) -> str:
    return json.dumps([[value] for value in values])


def _facts(which: str, silent_hours: float, **parameters: Any) -> list[UnitFacts]:
    with reading():
        rows = execute(
            f"{_FACTS} {which}", silent_ms=round(silent_hours * MS_PER_HOUR), **parameters
        )
    return [_row(row) for row in rows]


def _row(cells: tuple[Any, ...]) -> UnitFacts:
    unit_id, machine_id, unit, life, seen_at, received_at, level, level_since = cells[:8]
    predicted_at, rul_hours, version, predictor_id, learnt_from, alert_id, failed, now = cells[8:]
    shown = UnitLevel(level)
    has_predictor, predicted = predictor_id is not None, predicted_at is not None
    return UnitFacts(
        unit_id=unit_id,
        machine_id=machine_id,
        unit=unit,
        life=life,
        seen_at=seen_at or None,
        received_at=received_at,
        level=shown,
        level_since=level_since,
        why=reason(shown, has_predictor, received_at, now, predicted, bool(failed)),
        predicted_at=predicted_at,
        rul_hours=rul_hours,
        predictor_version=version,
        predictor_id=predictor_id,
        learnt_from=learnt_from,
        alert_id=alert_id,
    )


_TRACE = """
SELECT {now}, (SELECT COALESCE(MAX(id), 0) FROM events),
    (SELECT COALESCE(MAX(id), 0) FROM readings), (SELECT COUNT(*) FROM machines),
    (SELECT COALESCE(MAX(created_at), 0) FROM machines)
"""

# Without DISTINCT: SQLite would then read a whole index in the order of the machines or units.
_EVENTS = "SELECT machine_id FROM events WHERE id > :since"

_READINGS = "SELECT unit_id FROM readings WHERE id > :since"

_WORKING = """
SELECT machine_id FROM jobs WHERE status IN ('pending', 'running') AND chain = :chain
"""

_FACTS = f"""
SELECT units.id, machines.machine_id, COALESCE(units.unit, ''), COALESCE(units.life, 0),
    units.seen_at, units.received_at, {SHOWN_LEVEL}, units.level_since, units.predicted_at,
    units.rul_hours, units.predictor_version, predictors.id,
    COALESCE(makers.learnt_from, predictors.learnt_from), alerts.id,
    predicting.status = 'failed', {{now}}
FROM machines LEFT JOIN units ON units.machine_id = machines.machine_id
LEFT JOIN predictors ON predictors.machine_id = machines.machine_id AND predictors.live
LEFT JOIN predictors AS makers ON makers.machine_id = machines.machine_id
    AND makers.version = units.predictor_version
LEFT JOIN alerts ON alerts.unit_id = units.id AND alerts.cleared_at IS NULL
{PREDICTING}
WHERE (units.id IS NOT NULL OR predictors.id IS NOT NULL)
"""

_LATEST = """
SELECT units.id, units.latest FROM units JOIN {rows} ON units.id = CAST(c0 AS BIGINT)
WHERE units.latest IS NOT NULL
"""

_PRIORS = """
SELECT machine_id, prior FROM predictors JOIN {rows} ON predictors.machine_id = c0
WHERE live AND prior IS NOT NULL
"""

_TIMES = """
SELECT units.id, (
    SELECT STRING_AGG(CAST(at AS TEXT), ' ') FROM (
        SELECT at FROM readings WHERE readings.unit_id = units.id ORDER BY at DESC LIMIT :most
    ) AS newest
) FROM units JOIN {rows} ON units.id = CAST(c0 AS BIGINT)
"""

_RUNS = """
SELECT chain_status.machine_id, chain_status.event_id, chain_status.stage, (
    SELECT COUNT(*) FROM jobs WHERE jobs.machine_id = chain_status.machine_id
        AND jobs.chain = chain_status.chain AND jobs.stage = chain_status.stage
        AND jobs.event_id >= COALESCE(chain_status.event_id, 0)
), (SELECT occurred_at FROM events WHERE events.id = chain_status.event_id)
FROM chain_status JOIN {rows} ON chain_status.machine_id = c0
WHERE chain_status.chain = :chain
"""
