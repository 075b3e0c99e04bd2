"""Webhooks: where messages about alerts are sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from actors.webhooks.sending import send_test
from api.auth.access import ADMIN
from api.dependencies.bodies import json_body, json_of
from api.dependencies.idempotency import TheRequest, answer, idempotency_key
from api.dependencies.path_params import ledger_id
from api.dependencies.service import TheService
from api.responses.alerting import CreatedWebhook, Webhook, WebhookList, WebhookTest
from api.responses.models import sent
from api.responses.problems import documented
from errors import DeliveryFailed, InvalidInput, Problem
from events.bus import Send
from storage.clients.idempotency import Answer
from storage.delivery import webhooks
from storage.delivery.urls import LONGEST_URL

router = APIRouter(prefix="/api/gan/webhooks", tags=["alerts"], dependencies=[ADMIN])


class NewWebhook(BaseModel):
    """A webhook to be added."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = Field(max_length=LONGEST_URL, description="An https address.")


@router.get("", summary="Webhooks", response_model=WebhookList)
def list_webhooks() -> Response:
    """All webhooks with what waits for them, without their secrets."""
    return sent(WebhookList(items=[Webhook.of(one) for one in webhooks.webhooks()]))


@router.post(
    "",
    status_code=201,
    summary="Add a webhook",
    response_model=CreatedWebhook,
    responses=documented(409, 415, 422),
    openapi_extra=json_body(NewWebhook),
)
def add_webhook(
    service: TheService,
    once: TheRequest,
    new: Annotated[NewWebhook | None, Depends(json_of(NewWebhook))],
) -> Response:
    """Add a webhook and get the secret that verifies its messages; it is not shown again."""

    def effect(_: Send) -> Answer:
        if new is None:
            problem = Problem("url", "missing", "write the https address of the receiver")
            raise InvalidInput("request", [problem])
        made = webhooks.add(new.url, once.actor, private=service.settings.webhook_private)
        body = CreatedWebhook(webhook=Webhook.of(made.webhook), secret=made.secret)
        return answer(201, body)

    return once(effect)


@router.post(
    "/{webhook_id}/test",
    summary="Send a test message",
    # Nothing is stored: a transaction would last as long as the receiver takes.
    dependencies=[Depends(idempotency_key)],
    response_model=WebhookTest,
    responses=documented(404, 422),
)
def send_test_message(
    service: TheService, webhook_id: Annotated[str, Path(examples=["1"])]
) -> Response:
    """Send a message of the type `test` now, and say what the receiver answers within 10 s.

    A repeated request sends another one, even with an `Idempotency-Key`.
    """
    known = ledger_id(webhook_id, "webhook", "GET /api/gan/webhooks")
    try:
        answered = send_test(known, private=service.settings.webhook_private)
    except DeliveryFailed as failed:
        return sent(WebhookTest(failed=str(failed)))
    return sent(WebhookTest(**vars(answered)))


@router.delete(
    "/{webhook_id}", status_code=204, summary="Remove a webhook", responses=documented(404)
)
def remove_webhook(webhook_id: Annotated[str, Path(examples=["1"])]) -> None:
    """Remove a webhook, with the messages that wait for it."""
    webhooks.remove(ledger_id(webhook_id, "webhook", "GET /api/gan/webhooks"))
