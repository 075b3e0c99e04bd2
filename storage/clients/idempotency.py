"""Idempotency: a request takes effect once, however often it is sent with its `Idempotency-Key`.

The row of the key decides. The request that inserts it does the work, in the same transaction. A
second request waits for that transaction and reads the stored answer. Refusals are not stored:
they changed nothing, and the same request may succeed later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from errors import InvalidInput, Problem
from storage.database import execute, transaction
from storage.tables import Answer as StoredAnswer

#: How long an answer is stored at least, seconds; after that `gc` removes it.
KEPT_SECONDS = 86400.0


@dataclass(frozen=True)
class Answer:
    """The answer to a request.

    Attributes:
        status: HTTP status.
        body: JSON text.
        location: Address of the resource that the request created, if it created one.
        replayed: Whether this is the stored answer to an earlier request.
    """

    status: int
    body: str
    location: str | None = None
    replayed: bool = False


def run_once(key: str, endpoint: str, request_sha256: str, effect: Callable[[], Answer]) -> Answer:
    """Run a request's effect, or return the stored answer if it has run before.

    Args:
        key: The client's key for the request.
        endpoint: Method and path, for messages.
        request_sha256: Identifies the request's content.
        effect: Does the work in this transaction; an exception rolls all of it back.

    Raises:
        InvalidInput: The key was used for another request.
    """
    with transaction():
        if execute(_TAKE, key=key, endpoint=endpoint, request=request_sha256):
            answer = effect()
            StoredAnswer.update(
                status=answer.status, location=answer.location, body=answer.body
            ).where(StoredAnswer.key == key).execute()
            return answer
        stored = StoredAnswer.get_by_id(key)
    if stored.request_sha256 != request_sha256:
        what = f"it was used for another request, {stored.endpoint}"
        raise InvalidInput("headers", [Problem("Idempotency-Key", what, "choose a new key")])
    return Answer(stored.status, stored.body, stored.location, replayed=True)


def outdated() -> dict[str, int]:
    """Answers that are old enough to delete: size by key; call inside `reading`."""
    return dict(execute(_OUTDATED, kept=round(KEPT_SECONDS * 1000)))


def forget_outdated(most: int) -> bool:
    """Delete the oldest of those answers; call inside a transaction.

    Args:
        most: How many.

    Returns:
        Whether there were any.
    """
    return bool(execute(_FORGET, kept=round(KEPT_SECONDS * 1000), most=most))


_TAKE = """
INSERT INTO answers (key, endpoint, request_sha256, status, body, created_at)
VALUES (:key, :endpoint, :request, 0, '', {now})
ON CONFLICT (key) DO NOTHING
RETURNING key
"""

_OUTDATED = "SELECT key, octet_length(body) FROM answers WHERE created_at < {now} - :kept"

# The oldest first: an index has them in this order.
_FORGET = """
DELETE FROM answers WHERE key IN (
    SELECT key FROM answers WHERE created_at < {now} - :kept ORDER BY created_at LIMIT :most
)
RETURNING key
"""
