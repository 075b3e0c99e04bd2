"""Webhooks: the addresses that messages about alerts are sent to, and their secrets."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

from errors import Conflict, NotFound
from storage.database import execute, reading, transaction
from storage.delivery import deliveries
from storage.delivery.urls import shown, target_of

#: How many webhooks there may be. The process that sends has threads for each of them, so that one
#: that hangs holds up no other.
MOST_WEBHOOKS = 20

#: The Standard Webhooks specification asks for 24 to 64.
_SECRET_BYTES = 32


@dataclass(frozen=True)
class Webhook:
    """A webhook without its secret. Times are ms since 1970.

    Attributes:
        url: Without its query.
        who: Who has added it.
        state: `active`; `failing` if a message waits after a failed attempt; `disabled` if the
            receiver has answered 410.
        waiting: Messages that are not sent yet.
        given_up: Messages that were tried for three days in vain.
        last_sent_at: When a message was last sent.
        last_error: Why the newest message that is not sent failed; None without one.
    """

    id: int
    url: str
    who: str
    created_at: int
    state: str
    waiting: int
    given_up: int
    last_sent_at: int | None
    last_error: str | None


@dataclass(frozen=True)
class NewWebhook:
    """A webhook with its secret, which its receiver verifies messages with."""

    webhook: Webhook
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Receiver:
    """Where a webhook's messages go, and what signs them."""

    url: str = field(repr=False)
    secret: str = field(repr=False)


def add(url: str, who: str, *, private: bool) -> NewWebhook:
    """Add a webhook and make its secret.

    Args:
        url: Where its messages go.
        who: Who adds it.
        private: Whether `http` and local addresses are allowed.

    Raises:
        InvalidInput: The URL cannot be that of a webhook.
        Conflict: There are too many webhooks.
    """
    target_of(url, private=private)
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
    with transaction():
        deliveries.hold()
        ((there,),) = execute("SELECT COUNT(*) FROM webhooks")
        if there >= MOST_WEBHOOKS:
            raise Conflict(f"there are {there} webhooks; remove one first")
        ((webhook_id,),) = execute(_ADD, url=url, secret=secret, who=who)
        return NewWebhook(webhook(webhook_id), secret)


def webhooks() -> list[Webhook]:
    """All webhooks, the oldest first."""
    return _read("")


def webhook(webhook_id: int) -> Webhook:
    """One webhook.

    Raises:
        NotFound: No such webhook.
    """
    found = _read("WHERE webhooks.id = :id", id=webhook_id)
    if not found:
        raise _none(webhook_id)
    return found[0]


def receiver(webhook_id: int) -> Receiver:
    """Where a webhook's messages go.

    Raises:
        NotFound: No such webhook.
    """
    with reading():
        rows = execute("SELECT url, secret FROM webhooks WHERE id = :id", id=webhook_id)
    if not rows:
        raise _none(webhook_id)
    return Receiver(*rows[0])


def remove(webhook_id: int) -> None:
    """Remove a webhook, with the messages that wait for it.

    Raises:
        NotFound: No such webhook.
    """
    with transaction():
        deliveries.hold()
        if not execute("DELETE FROM webhooks WHERE id = :id RETURNING id", id=webhook_id):
            raise _none(webhook_id)


def _none(webhook_id: int) -> NotFound:
    return NotFound(f"no webhook {str(webhook_id)[:30]}", kind="webhook")


def _read(where: str, **parameters: int) -> list[Webhook]:
    with reading():
        rows = execute(_LIST.format(where=where), **parameters)
    return [_webhook(dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def _webhook(facts: dict[str, Any]) -> Webhook:
    disabled, failing = facts.pop("disabled_at") is not None, facts.pop("failing") > 0
    state = "disabled" if disabled else "failing" if failing else "active"
    return Webhook(**facts | {"url": shown(facts["url"]), "state": state})


_ADD = """
INSERT INTO webhooks (url, secret, who, created_at) VALUES (:url, :secret, :who, {now})
RETURNING id
"""

_COLUMNS = (
    "id",
    "url",
    "who",
    "created_at",
    "disabled_at",
    "waiting",
    "failing",
    "given_up",
    "last_sent_at",
    "last_error",
)

_LIST = """
SELECT webhooks.id, url, who, webhooks.created_at, disabled_at,
    (SELECT COUNT(*) FROM deliveries WHERE webhook_id = webhooks.id
        AND sent_at IS NULL AND given_up_at IS NULL),
    (SELECT COUNT(*) FROM deliveries WHERE webhook_id = webhooks.id
        AND sent_at IS NULL AND given_up_at IS NULL AND last_error IS NOT NULL),
    (SELECT COUNT(*) FROM deliveries WHERE webhook_id = webhooks.id AND given_up_at IS NOT NULL),
    (SELECT MAX(sent_at) FROM deliveries WHERE webhook_id = webhooks.id),
    (SELECT last_error FROM deliveries WHERE webhook_id = webhooks.id AND sent_at IS NULL
        AND last_error IS NOT NULL ORDER BY id DESC LIMIT 1)
FROM webhooks {where} ORDER BY webhooks.id
"""
