"""The outbox of messages to webhooks: written with what they report, claimed, sent, given up."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from storage.database import clock_ms, each_row, execute, is_sqlite, reading, transaction

#: A process that claims a message has this long to record what became of it, seconds. After that
#: any process may send it again.
CLAIM_SECONDS = 60.0

#: The pause after a failed attempt doubles from the first to the last of these, seconds.
SHORTEST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 5.0, 3_600.0
#: A message is given up at its first failure after this many days.
GIVEN_UP_DAYS = 3
#: How long messages that are sent or given up are kept, days, and how many are removed at a time.
KEPT_DAYS = 30
_MOST_PRUNED = 1_000

_LONGEST_ERROR = 300

#: The key of PostgreSQL's lock; any number that no other lock has.
_LOCK = 7_003_209


@dataclass(frozen=True)
class Claimed:
    """A message that this process may send now.

    Attributes:
        attempt: 1, 2, …
    """

    id: int
    webhook_id: int
    message_id: str
    type: str
    attempt: int
    payload: str = field(repr=False)


def hold() -> None:
    """Let no other transaction change alerts or webhooks until this one ends; call it first.

    Two transactions that raise three alerts each would otherwise not see that these are six, and a
    message could be written for a webhook that is just being removed.
    """
    if not is_sqlite():  # SQLite has one writer at a time.
        execute(f"SELECT pg_advisory_xact_lock({_LOCK})")


def payload_of(kind: str, data: Mapping[str, Any], at: int) -> str:
    """The body of a message, in the form that Standard Webhooks recommends.

    Args:
        kind: Such as `alert.raised`.
        data: What it reports.
        at: When that happened, ms since 1970.
    """
    moment = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    body = {"type": kind, "timestamp": moment.replace("+00:00", "Z"), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def new_message_id() -> str:
    """An id that no other message has."""
    return f"msg_{uuid.uuid4().hex}"


def write(kind: str, subject: str, data: Mapping[str, Any], hold_seconds: float = 0) -> None:
    """Write a message for every active webhook; call inside a transaction.

    Args:
        kind: Such as `alert.raised`.
        subject: What it is about, such as `alert 3`.
        data: What it reports.
        hold_seconds: It is sent this much later, and may be rewritten or withdrawn until then.
    """
    _add(_active(), kind, subject, data, hold_seconds)


def write_or_renew(
    kind: str, renewed: Sequence[str], subject: str, data: Mapping[str, Any], hold_seconds: float
) -> None:
    """As `write`; but a waiting message of one of these types gets the new data instead."""
    now, done = clock_ms(), set()
    for webhook_id, delivery_id, its_kind in execute(_UNTRIED, subject=subject):
        if its_kind in renewed:
            payload = payload_of(its_kind, data, now)
            # It may have been claimed meanwhile; then the webhook gets a separate message.
            if execute(_RENEW, id=delivery_id, payload=payload):
                done.add(webhook_id)
    _add([each for each in _active() if each not in done], kind, subject, data, hold_seconds)


def withdraw(subjects: Sequence[str], kind: str) -> None:
    """Remove the messages of a type that no attempt was made to send; call in a transaction."""
    rows = json.dumps([[subject] for subject in subjects])
    execute(_WITHDRAW.format(rows=each_row(1)), rows=rows, kind=kind)


def webhooks_with_due() -> list[int]:
    """Webhooks with a message that `claim` would claim."""
    with reading():
        return [webhook_id for (webhook_id,) in execute(_WITH_DUE)]


def claim(webhook_id: int, most: int) -> list[Claimed]:
    """Claim the oldest due messages of a webhook: no other process sends them for a minute.

    A message waits until all earlier ones about its subject are sent or given up.
    """
    locked = "" if is_sqlite() else "FOR UPDATE OF waiting SKIP LOCKED"
    with transaction():
        rows = execute(
            _CLAIM.format(locked=locked, now="{now}"),
            webhook=webhook_id,
            most=most,
            claim=round(CLAIM_SECONDS * 1000),
        )
    return sorted((Claimed(*row) for row in rows), key=lambda claimed: claimed.id)


def record_sent(claimed: Claimed) -> None:
    """Record that a message was sent."""
    with transaction():
        execute(_SENT, id=claimed.id)


def record_failed(claimed: Claimed, reason: str) -> None:
    """Record a failed attempt: try again later, or give up after three days."""
    doubled = SHORTEST_BACKOFF_SECONDS * 2 ** min(claimed.attempt - 1, 20)
    pause = min(LONGEST_BACKOFF_SECONDS, doubled)
    with transaction():
        execute(
            _FAILED,
            id=claimed.id,
            attempt=claimed.attempt,
            reason=reason[:_LONGEST_ERROR],
            pause=round(pause * random.uniform(500, 1000)),
            patience=GIVEN_UP_DAYS * 86_400_000,
        )


def record_gone(claimed: Claimed, reason: str) -> None:
    """Disable the webhook of a message, and give up all of its messages."""
    with transaction():
        execute(_DISABLE, webhook=claimed.webhook_id)
        execute(_GIVE_UP, webhook=claimed.webhook_id, reason=reason[:_LONGEST_ERROR])


def prune() -> None:
    """Remove the oldest messages that are over; a thousand at a time."""
    with transaction():
        execute(_PRUNE, age=KEPT_DAYS * 86_400_000, most=_MOST_PRUNED)


def _active() -> list[int]:
    return [row[0] for row in execute("SELECT id FROM webhooks WHERE disabled_at IS NULL")]


def _add(
    webhook_ids: Sequence[int],
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    hold_seconds: float,
) -> None:
    if not webhook_ids:
        return
    payload = payload_of(kind, data, clock_ms())
    for webhook_id in webhook_ids:
        execute(
            _ADD,
            webhook=webhook_id,
            message=new_message_id(),
            subject=subject,
            kind=kind,
            payload=payload,
            hold=round(hold_seconds * 1000),
        )


_ADD = """
INSERT INTO deliveries (webhook_id, message_id, subject, type, payload, attempts, created_at,
    due_at)
VALUES (:webhook, :message, :subject, :kind, :payload, 0, {now}, {now} + :hold)
"""

_UNTRIED = """
SELECT webhook_id, id, type FROM deliveries
WHERE subject = :subject AND sent_at IS NULL AND given_up_at IS NULL AND attempts = 0
"""

_RENEW = """
UPDATE deliveries SET payload = :payload
WHERE id = :id AND attempts = 0 AND given_up_at IS NULL RETURNING id
"""

_WITHDRAW = """
DELETE FROM deliveries WHERE subject IN (SELECT c0 FROM {rows}) AND type = :kind
    AND sent_at IS NULL AND given_up_at IS NULL AND attempts = 0
"""

# Due, and not behind an earlier message about the same subject.
_READY = """
waiting.sent_at IS NULL AND waiting.given_up_at IS NULL AND waiting.due_at <= {now}
    AND NOT EXISTS (
        SELECT 1 FROM deliveries AS earlier
        WHERE earlier.subject = waiting.subject AND earlier.webhook_id = waiting.webhook_id
            AND earlier.id < waiting.id AND earlier.sent_at IS NULL
            AND earlier.given_up_at IS NULL
    )
"""

_WITH_DUE = f"SELECT DISTINCT webhook_id FROM deliveries AS waiting WHERE {_READY}"

# MATERIALIZED: PostgreSQL may run a subquery of IN several times, and would lock more rows each
# time. The outer condition is checked again for a row that another process has just claimed.
_CLAIM = f"""
WITH chosen AS MATERIALIZED (
    SELECT waiting.id FROM deliveries AS waiting
    WHERE waiting.webhook_id = :webhook AND {_READY}
    ORDER BY waiting.due_at, waiting.id LIMIT :most {{locked}}
)
UPDATE deliveries SET attempts = attempts + 1, due_at = {{now}} + :claim
WHERE sent_at IS NULL AND given_up_at IS NULL AND due_at <= {{now}}
    AND id IN (SELECT id FROM chosen)
RETURNING id, webhook_id, message_id, type, attempts, payload
"""

_SENT = """
UPDATE deliveries SET sent_at = {now}, last_error = NULL
WHERE id = :id AND sent_at IS NULL
"""

_FAILED = """
UPDATE deliveries SET last_error = :reason, due_at = {now} + :pause,
    given_up_at = CASE WHEN created_at <= {now} - :patience THEN {now} END
WHERE id = :id AND attempts = :attempt AND sent_at IS NULL AND given_up_at IS NULL
"""

_DISABLE = "UPDATE webhooks SET disabled_at = {now} WHERE id = :webhook AND disabled_at IS NULL"

_GIVE_UP = """
UPDATE deliveries SET given_up_at = {now}, last_error = :reason
WHERE webhook_id = :webhook AND sent_at IS NULL AND given_up_at IS NULL
"""

_PRUNE = """
DELETE FROM deliveries WHERE id IN (
    SELECT id FROM deliveries WHERE created_at < {now} - :age ORDER BY id LIMIT :most
) AND (sent_at IS NOT NULL OR given_up_at IS NOT NULL)
"""
