"""Doing what a request asks for once, however often it is sent with its `Idempotency-Key`.

The key's row decides: whoever inserts it does the work, in the same transaction, and whoever comes
second waits for that transaction and reads what it answered. What was refused is not kept: nothing
was done, and the same request may succeed later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from errors import InvalidInput, Problem
from storage.database import after, execute, transaction
from storage.tables import Answer as Kept

#: For so long an answer is kept at least; `gc` removes it then, seconds.
KEPT_SECONDS = 86400.0


@dataclass(frozen=True)
class Answer:
    """What a request was answered.

    Attributes:
        status: HTTP status.
        body: JSON text.
        location: Where what it made is found, if it made something.
        replayed: Whether it was answered before.
    """

    status: int
    body: str
    location: str | None = None
    replayed: bool = False


def once(key: str, endpoint: str, request_sha256: str, effect: Callable[[], Answer]) -> Answer:
    """The answer to a request: from its effect, or kept from the first time.

    Args:
        key: The client's name for the request.
        endpoint: Method and path, for people.
        request_sha256: What tells one request from another.
        effect: Does the work and writes in this transaction; what it raises undoes all of it.

    Raises:
        InvalidInput: The key was given to another request.
    """
    with transaction():
        if execute(_TAKE, key=key, endpoint=endpoint, request=request_sha256):
            answer = effect()
            Kept.update(status=answer.status, location=answer.location, body=answer.body).where(
                Kept.key == key
            ).execute()
            return answer
        kept = Kept.get_by_id(key)
    if kept.request_sha256 != request_sha256:
        what = f"it was given to another request, {kept.endpoint}"
        raise InvalidInput("headers", [Problem("Idempotency-Key", what, "choose a new key")])
    return replace(Answer(kept.status, kept.body, kept.location), replayed=True)


def outdated() -> dict[str, int]:
    """Answers that nobody will ask for any more: bytes by key; call inside `reading`."""
    rows = Kept.select(Kept.key, Kept.body).where(_is_outdated())
    return {row.key: len(row.body.encode()) for row in rows}


def forget_outdated() -> None:
    """Delete them; call inside a transaction."""
    Kept.delete().where(_is_outdated()).execute()


def _is_outdated() -> object:
    return Kept.created_at < after(-KEPT_SECONDS)


_TAKE = """
INSERT INTO answers (key, endpoint, request_sha256, status, body, created_at)
VALUES (:key, :endpoint, :request, 0, '', {now})
ON CONFLICT (key) DO NOTHING
RETURNING key
"""
