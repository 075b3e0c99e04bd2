"""Messages of readings: the topic names machine and unit, the payload has the rest of a row."""

from __future__ import annotations

import json

from errors import Problem
from GAN.config.limits import MAX_BATCH_BYTES, MAX_BATCH_ROWS
from GAN.telemetry.batch import SentBatch, SentRow, too_many_rows

_ADVICE = 'write {"at": …, "readings": {"sensor": number}}, or a list of them'


def read_message(machine: str, unit: str, payload: bytes, place: str) -> SentBatch:
    """Read a message: one row without machine and unit, or a list of such rows.

    Args:
        machine: The machine that the topic names.
        unit: The unit that the topic names.
        payload: JSON, in UTF-8.
        place: The message's name, for problems.

    Returns:
        The rows, and the problems of what is none. One bad row does not spoil the others.
    """
    if len(payload) > MAX_BATCH_BYTES:
        return SentBatch([], problems=[too_large(len(payload), place)])
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError) as error:
        return SentBatch([], problems=[Problem(place, f"not JSON: {error}"[:200], _ADVICE)])
    listed = document if isinstance(document, list) else [document]
    if not listed:
        return SentBatch([], problems=[Problem(place, "no rows", _ADVICE)])
    if len(listed) > MAX_BATCH_ROWS:
        problem = too_many_rows(f"{len(listed):,}")
        return SentBatch([], problems=[Problem(place, problem.message, problem.advice)])
    rows, problems = [], []
    for found in listed:
        wrong = _problem_of(found)
        if wrong is None:
            rows.append(SentRow(place, machine, unit, found.get("at"), found["readings"]))
        else:
            problems.append(Problem(place, *wrong))
    return SentBatch(rows, problems=problems)


def too_large(size: int, place: str) -> Problem:
    """The problem of a message with this many bytes."""
    advice = f"send several messages of at most {MAX_BATCH_BYTES:,} bytes"
    return Problem(place, f"{size:,} bytes are too many for one message", advice)


def _problem_of(found: object) -> tuple[str, str] | None:
    """What is wrong with the form of a row: the message and the advice."""
    if not isinstance(found, dict):
        return "not an object", _ADVICE
    for name in found:
        if name in ("machine", "unit"):
            return f"unknown field '{name}'", "leave it out; the topic names machine and unit"
        if name not in ("at", "readings"):
            return f"unknown field '{name[:60]}'", _ADVICE
    if not isinstance(found.get("readings"), dict):
        return "no object of readings", _ADVICE
    return None
