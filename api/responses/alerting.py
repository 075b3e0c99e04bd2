"""The bodies of responses about webhooks, silences and incidents, and their examples."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from api.responses.examples import MACHINE_ID
from api.responses.models import Time
from api.responses.units import AlertLevel
from storage.delivery import silences, webhooks
from storage.delivery.incident_facts import IncidentFacts

_AT = 1795953601000


class Webhook(BaseModel):
    """An address that messages about alerts are sent to."""

    id: int
    url: str = Field(description="Without its query.", examples=["https://plant.example/alerts"])
    who: str = Field(description="Who has added it.")
    created_at: Time
    state: Literal["active", "failing", "disabled"] = Field(
        description="`disabled`: its receiver has answered 410."
    )
    waiting: int = Field(description="Messages that are not sent yet.")
    given_up: int = Field(description="Messages that were tried for three days in vain.")
    last_sent_at: Time | None
    last_error: str | None

    @classmethod
    def of(cls, webhook: webhooks.Webhook) -> Self:
        """A webhook as the ledger has it."""
        return cls.model_validate(webhook, from_attributes=True)


class CreatedWebhook(BaseModel):
    """A webhook with its secret."""

    webhook: Webhook
    secret: str = Field(
        description="Verifies its messages. It is not shown again.", examples=["whsec_..."]
    )


class WebhookList(BaseModel):
    """All webhooks, the oldest first."""

    items: list[Webhook]


class WebhookTest(BaseModel):
    """What a webhook's receiver has answered to a test message."""

    status: int | None = Field(None, description="2xx; null if the message was not taken.")
    took_ms: int | None = Field(None, description="How long that took; null as `status`.")
    failed: str | None = Field(None, description="Why it was not taken.")


class Silence(BaseModel):
    """A time of planned work in which alerts are recorded and not sent."""

    id: int
    machine_id: str | None = Field(description="Null: all machines.")
    unit: str | None = Field(description="Null: all units of the machine.")
    starts_at: Time
    ends_at: Time
    who: str = Field(description="Who has added it.")
    note: str

    @classmethod
    def of(cls, silence: silences.Silence) -> Self:
        """A silence as the ledger has it."""
        return cls.model_validate(silence, from_attributes=True)


class SilenceList(BaseModel):
    """Silences that are in force or to come, the first to end first."""

    items: list[Silence]


class IncidentAlert(BaseModel):
    """An alert of an incident."""

    alert_id: int
    machine_id: str
    unit: str
    level: AlertLevel
    acknowledged_by: str | None
    cleared_at: Time | None


class Incident(BaseModel):
    """Many alerts of one cause at once."""

    id: int
    cause: str = Field(examples=["novelty"])
    level: AlertLevel = Field(
        description="The highest of its open alerts; once it has ended, of all."
    )
    began_at: Time
    ended_at: Time | None = Field(description="When its last alert was cleared.")
    units: int = Field(description="How many units belong to it.")
    open_units: int = Field(description="How many of them still have that alert.")
    unseen: int = Field(description="How many open alerts are not acknowledged.")
    machines: int = Field(description="How many machines they belong to.")
    alerts: list[IncidentAlert] = Field(
        description="The first 200; GET /api/gan/alerts?incident_id= has all."
    )

    @classmethod
    def of(cls, facts: IncidentFacts) -> Self:
        """An incident as the ledger has it."""
        return cls.model_validate(facts, from_attributes=True)


class IncidentPage(BaseModel):
    """Some incidents, the newest first."""

    items: list[Incident]
    next_cursor: str | None


_WEBHOOK: dict[str, Any] = {
    "id": 1,
    "url": "https://plant.example/alerts",
    "who": "ci",
    "created_at": _AT,
    "state": "failing",
    "waiting": 2,
    "given_up": 0,
    "last_sent_at": None,
    "last_error": "answered 500",
}

_SILENCE: dict[str, Any] = {
    "id": 1,
    "machine_id": MACHINE_ID,
    "unit": "1",
    "starts_at": _AT,
    "ends_at": _AT + 8 * 3_600_000,
    "who": "ci",
    "note": "new bearing",
}

_INCIDENT: dict[str, Any] = {
    "id": 1,
    "cause": "novelty",
    "level": "watch",
    "began_at": _AT,
    "ended_at": None,
    "units": 6,
    "open_units": 6,
    "unseen": 5,
    "machines": 1,
    "alerts": [
        {
            "alert_id": 3 + number,
            "machine_id": MACHINE_ID,
            "unit": str(1 + number),
            "level": "watch",
            "acknowledged_by": None if number else "ci",
            "cleared_at": None,
        }
        for number in range(6)
    ],
}

#: Example by name of the model.
OF_MODELS: dict[str, Any] = {
    "CreatedWebhook": {"webhook": _WEBHOOK, "secret": "whsec_..."},
    "Incident": _INCIDENT,
    "IncidentPage": {"items": [_INCIDENT], "next_cursor": None},
    "NewWebhook": {"url": "https://plant.example/alerts"},
    "Silence": _SILENCE,
    "SilenceList": {"items": [_SILENCE]},
    "SilenceRequest": {
        "machine_id": MACHINE_ID,
        "ends_at": _AT + 8 * 3_600_000,
        "note": "inspection",
    },
    "WebhookList": {"items": [_WEBHOOK]},
    "WebhookTest": {"status": 204, "took_ms": 31, "failed": None},
}
