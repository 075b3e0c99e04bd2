"""Ends of lives: what people report, and what follows."""

from __future__ import annotations

from difflib import get_close_matches

from errors import InvalidInput, NotFound, Problem
from events.bus import Send, deliver, new_correlation_id, new_event
from events.telemetry import alert_event, announce_waiting, machine_profile
from events.vocabulary import Event, FailureHappened, LivesLabelled, MaintenanceDone
from GAN.config.limits import MAX_MINUTES_AHEAD
from storage.database import clock_ms, transaction
from storage.ledger import event_log
from storage.ledger.claims import Claim
from storage.ledger.event_log import NewEvent
from storage.telemetry import labels, lives
from storage.telemetry.lives import EndedBy, Ending, LifeRows


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
        events = [happened, *(alert_event(ending.machine_id, change) for change in ended.changes)]
        jobs = [
            job
            for event in events
            for job in event_log.append(new_event(event, correlation, actor=actor)).jobs
        ]
        jobs += announce_waiting(ending.machine_id, 0, 0, actor)
    deliver(jobs, send)
    return ended.life


def _check(ending: Ending) -> None:
    profile = machine_profile(ending.machine_id)
    if profile is None:
        raise NotFound(f"no machine '{ending.machine_id[:100]}'", kind="machine")
    problems = []
    if ending.at > clock_ms() + 60_000 * MAX_MINUTES_AHEAD:
        problems.append(Problem("at", "in the future", "write when it happened"))
    modes = [mode.name for mode in profile.failure_modes]
    if ending.mode is not None and ending.mode not in modes:
        near = get_close_matches(ending.mode, modes, n=1)
        advice = f"write {near[0]}" if near else f"write one of {', '.join(modes)}, or nothing"
        problems.append(Problem("mode", f"no failure mode {ending.mode[:60]!a}", advice))
    if problems:
        raise InvalidInput("report", problems)


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
