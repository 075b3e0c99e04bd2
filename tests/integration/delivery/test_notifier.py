"""The outbox is emptied: again after failures, once by several processes, by others if one dies."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler

import pytest
from structlog.testing import capture_logs

from actors.webhooks.notifier import Notifier
from errors import LedgerUnavailable
from storage.delivery import deliveries, webhooks
from storage.settings import PREFIX, Settings
from storage.status import UnitLevel
from tests.integration.delivery.receivers import (
    Receiver,
    hanging,
    in_turn,
    receiving,
    status,
)
from tests.integration.delivery.site import Site
from tests.waiting import eventually

ALARM = UnitLevel.ALARM


def test_a_message_is_tried_again_later_and_later_with_its_id_and_in_order(
    site: Site, receiver: Receiver
) -> None:
    site.webhook(receiver)
    receiver.answer = in_turn(status(500), status(503), status(200))
    site.level(ALARM)
    site.level(UnitLevel.HEALTHY)
    site.send()
    assert site.waiting() == [("alert.raised", 1, "answered 500"), ("alert.cleared", 0, None)]
    assert webhooks.webhooks()[0].state == "failing"
    ((due_in,),) = site.rows("SELECT due_at - {now} FROM deliveries WHERE attempts = 1")
    assert 2_000 < due_in <= 5_000
    site.send(10)
    site.send(10)
    site.send(10)
    assert receiver.types == ["alert.raised"] * 3 + ["alert.cleared"]
    assert len(set(receiver.ids[:3])) == 1
    assert site.waiting() == []
    (webhook,) = webhooks.webhooks()
    assert (webhook.state, webhook.last_error) == ("active", None)


def test_back_off_grows_to_an_hour_and_after_three_days_a_message_is_given_up(
    site: Site, receiver: Receiver
) -> None:
    site.webhook(receiver)
    receiver.answer = status(500)
    site.level(ALARM)
    pauses = []
    for _ in range(14):
        site.send(3_600)
        ((due_in,),) = site.rows("SELECT due_at - {now} FROM deliveries")
        pauses.append(due_in / 1000)
    for doubled, pause in zip((5 * 2**n for n in range(14)), pauses, strict=True):
        longest = min(3_600, doubled)
        assert longest / 2 - 30 < pause <= longest  # A busy machine takes seconds in between.
    site.send((72 - 14) * 3_600 - 60)
    assert len(site.waiting()) == 1
    site.send(3_600)
    assert site.waiting() == []
    (webhook,) = webhooks.webhooks()
    assert (webhook.given_up, webhook.waiting, webhook.last_error) == (1, 0, "answered 500")
    site.send(3_600)
    assert len(receiver.requests) == 16


def test_a_receiver_that_is_gone_gets_no_more(site: Site, receiver: Receiver) -> None:
    site.webhook(receiver)
    receiver.answer = status(410)
    site.level(ALARM)
    site.level(ALARM, [2])
    site.send()
    assert webhooks.webhooks()[0].state == "disabled"
    site.level(ALARM, [3])
    site.send()
    assert site.waiting() == []
    assert len(receiver.requests) <= 2


def test_a_webhook_that_hangs_does_not_hold_up_another(site: Site, receiver: Receiver) -> None:
    with receiving() as slow:
        slow.answer = hanging(slow)
        site.webhook(slow)
        site.webhook(receiver)
        notifier = Notifier(private=True, seconds=5)
        for unit in range(1, 6):
            site.level(ALARM, [unit])
        site.pass_time(60)
        began = time.monotonic()

        def all_there() -> bool:
            notifier.look()
            return len(receiver.requests) == 5

        eventually(all_there, 4)
        assert time.monotonic() - began < 4
        assert len(slow.requests) <= 2
        slow.closing.set()
        eventually(lambda: notifier.idle)


def test_what_was_sent_and_not_recorded_is_sent_again_with_the_same_id(
    site: Site, receiver: Receiver, ledger: Settings
) -> None:
    """The process is killed after the receiver has the message, before the ledger knows."""
    site.webhook(receiver)
    process: list[subprocess.Popen[bytes]] = []

    def kill(_: BaseHTTPRequestHandler) -> None:
        process[0].kill()

    receiver.answer = in_turn(kill, status(204))
    site.level(ALARM)
    site.pass_time(60)
    process.append(started(ledger))
    process[0].wait(30)
    assert len(receiver.requests) == 1
    site.send(0)
    assert len(receiver.requests) == 1
    site.send(deliveries.CLAIM_SECONDS)
    assert receiver.ids == [receiver.ids[0]] * 2
    assert site.waiting() == []


def started(settings: Settings) -> subprocess.Popen[bytes]:
    """A process that runs `fleetforge notify`."""
    environment = os.environ | {
        f"{PREFIX}HOME": str(settings.home),
        f"{PREFIX}WEBHOOK_PRIVATE": "true",
    }
    if settings.database_url is not None:
        environment[f"{PREFIX}DATABASE_URL"] = settings.database_url.get_secret_value()
    command = [sys.executable, "-P", "-m", "cli", "notify", "--stop-on-eof"]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE)


def test_two_processes_send_each_message_once(
    site: Site, receiver: Receiver, ledger: Settings
) -> None:
    site.webhook(receiver)
    processes = [started(ledger) for _ in range(2)]
    for unit in range(1, 9):
        site.level(ALARM, [unit], cause=f"cause {unit}")
        site.level(UnitLevel.HEALTHY, [unit])
        site.pass_time(60)
    eventually(lambda: not site.waiting())
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0]
    assert len(receiver.ids) == len(set(receiver.ids)) == 16
    raised = [m["data"]["unit"] for m in receiver.messages if m["type"] == "alert.raised"]
    assert sorted(raised) == [str(unit) for unit in range(1, 9)]


def test_secrets_and_queries_are_in_no_log_list_or_error(site: Site, receiver: Receiver) -> None:
    receiver.url = receiver.url.replace("plant=1", "key=hidden")
    made = site.webhook(receiver)
    receiver.answer = in_turn(status(500), status(204))
    site.level(ALARM)
    with capture_logs() as lines:
        site.send()
        site.send()
    assert [line["event"] for line in lines] == ["not sent", "sent"]
    shown = f"{lines} {webhooks.webhooks()} {made} {webhooks.receiver(made.webhook.id)}"
    assert made.secret not in shown
    assert made.secret.removeprefix("whsec_") not in shown
    assert "hidden" not in shown


def test_old_messages_are_removed(site: Site, receiver: Receiver) -> None:
    site.webhook(receiver)
    site.level(ALARM)
    site.send()
    site.level(ALARM, [2])
    site.pass_time(31 * 86_400)
    deliveries.prune()
    assert site.rows("SELECT subject FROM deliveries WHERE sent_at IS NULL") != []
    assert site.rows("SELECT subject FROM deliveries WHERE sent_at IS NOT NULL") == []


def test_the_database_may_be_away_for_a_while(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that was sent meanwhile is recorded when the database is back."""
    site.webhook(receiver)
    site.level(ALARM)
    site.pass_time(60)
    site.notifier.look()
    eventually(lambda: site.notifier.idle)

    def away(_: object) -> None:
        raise LedgerUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "record_sent", away)
        with pytest.raises(LedgerUnavailable):
            site.notifier.look()
    site.notifier.look()
    assert site.waiting() == []
    assert len(receiver.requests) == 1
