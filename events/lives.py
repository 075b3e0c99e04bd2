"""Ends of lives and repairs: what people report, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from errors import InvalidInput, NotFound, Problem
from events.bus import Send, deliver, new_correlation_id, new_event
from events.telemetry import alert_event, announce_waiting, machine_profile
from events.vocabulary import (
    Event,
    FailureHappened,
    LivesLabelled,
    MaintenanceDone,
    UnitRepaired,
)
from GAN.config.limits import MAX_MINUTES_AHEAD
from GAN.profiles.profile import MachineProfile
from storage.database import clock_ms, transaction
from storage.ledger import event_log
from storage.ledger.claims import Claim
from storage.ledger.event_log import Dispatch, NewEvent
from storage.telemetry import labels, lives, repairs
from storage.telemetry.alerts import AlertChange
from storage.telemetry.lives import EndedBy, Ending, LifeRows
from storage.telemetry.repairs import Repair


def end_life(ending: Ending, send: Send, actor: str) -> int:
    """Record that a unit failed or was replaced; its next life begins at that moment.

    Args:
        ending: What happened.
        send: Sends jobs to the broker; may raise `BrokerUnavailable`.
        actor: Who reports it.

    Returns:
        The life that has ended: 1, 2, …

    Raises:
        NotFound: No such machine or unit.
        Conflict: That life is over.
        InvalidInput: The machine has no such failure mode, or the time is in the future.
    """
    _check(ending)
    correlation = new_correlation_id()
    with transaction():
        ended = lives.end(ending)
        facts = {
            "machine_id": ending.machine_id,
            "unit": ending.unit,
            "life": ended.life,
            "at": ending.at,
        }
        happened: Event = (
            FailureHappened(**facts, mode=ending.mode)
            if ending.by is EndedBy.FAILURE
            else MaintenanceDone(**facts, note=ending.note)
        )
        jobs = _publish(ending.machine_id, happened, ended.changes, correlation, actor)
    deliver(jobs, send)
    return ended.life


def repair(done: Repair, send: Send, actor: str) -> int:
    """Record that what some sensors of a unit measure was repaired; its life goes on.

    Args:
        done: The repair.
        send: Sends jobs to the broker; may raise `BrokerUnavailable`.
        actor: Who reports it.

    Returns:
        The life that goes on: 1, 2, …

    Raises:
        NotFound: No such machine or unit.
        Conflict: That life is over, or the repair was reported before.
        InvalidInput: No sensors, a sensor that the machine does not have, or a time in the future.
    """
    profile = _profile(done.machine_id)
    sensors = [sensor.name for sensor in profile.sensors]
    problems = _time_problems(done.at)
    if not done.sensors:
        advice = "name those that measure what was repaired, or report a replacement"
        problems.append(Problem("sensors", "none", advice))
    problems += [
        _unknown(f"sensors[{n}]", "sensor", name, sensors)
        for n, name in enumerate(done.sensors)
        if name not in sensors
    ]
    if problems:
        raise InvalidInput("report", problems)
    correlation = new_correlation_id()
    with transaction():
        repaired = repairs.add(done, actor)
        happened = UnitRepaired(
            machine_id=done.machine_id,
            unit=done.unit,
            life=repaired.life,
            at=done.at,
            sensors=list(done.sensors),
            note=done.note,
        )
        jobs = _publish(done.machine_id, happened, repaired.changes, correlation, actor)
    deliver(jobs, send)
    return repaired.life


def _publish(
    machine_id: str,
    happened: Event,
    changes: Sequence[AlertChange],
    correlation: str,
    actor: str,
) -> list[Dispatch]:
    """Publish what happened and the alerts that it cleared, and ask for a prediction if needed."""
    events = [happened, *(alert_event(machine_id, change) for change in changes)]
    jobs = [
        job
        for event in events
        for job in event_log.append(new_event(event, correlation, actor=actor)).jobs
    ]
    return jobs + announce_waiting(machine_id, 0, 0, actor)


def _check(ending: Ending) -> None:
    profile = _profile(ending.machine_id)
    problems = _time_problems(ending.at)
    modes = [mode.name for mode in profile.failure_modes]
    if ending.mode is not None and ending.mode not in modes:
        problems.append(_unknown("mode", "failure mode", ending.mode, modes))
    if problems:
        raise InvalidInput("report", problems)


def _profile(machine_id: str) -> MachineProfile:
    profile = machine_profile(machine_id)
    if profile is None:
        raise NotFound(f"no machine '{machine_id[:100]}'", kind="machine")
    return profile


def _time_problems(at: int) -> list[Problem]:
    if at <= clock_ms() + 60_000 * MAX_MINUTES_AHEAD:
        return []
    return [Problem("at", "in the future", "write when it happened")]


def _unknown(path: str, what: str, name: str, known: list[str]) -> Problem:
    near = get_close_matches(name, known, n=1)
    advice = f"write {near[0]}" if near else f"write one of {', '.join(known)}"
    return Problem(path, f"no {what} {name[:60]!a}", advice)


def take_life(claim: Claim) -> LifeRows:
    """The readings of the life that an event says has ended."""
    return lives.rows_of(claim.machine_id, claim.payload["unit"], claim.payload["life"])


def keep_life(claim: Claim, kept: tuple[int, str]) -> list[NewEvent]:
    """Record the file of a life; the event that trains a new version, if there are enough."""
    lives.record_file(*kept)
    count = labels.enough(claim.machine_id)
    if not count:
        return []
    labelled = LivesLabelled(machine_id=claim.machine_id, lives=count)
    return [new_event(labelled, claim.correlation_id)]
