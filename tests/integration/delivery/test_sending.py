"""Sending messages: good and bad receivers, processes that die, and what is refused."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors.webhooks.notifier import Notifier
from actors.webhooks.sending import send
from errors import DeliveryFailed, LedgerUnavailable
from storage.delivery import deliveries, webhooks
from storage.delivery.webhooks import Receiver as Where
from storage.settings import PREFIX, Settings
from storage.status import UnitLevel
from tests.integration.delivery.receivers import (
    Answer,
    Receiver,
    flooding,
    hanging,
    in_turn,
    receiving,
    silent_port,
    status,
    trickling,
)
from tests.integration.delivery.site import Site
from tests.waiting import eventually

SECRET = "whsec_" + "A" * 43 + "="
ALARM = UnitLevel.ALARM


def refusal(url: str, *, private: bool = True, seconds: float = 0.5) -> str:
    """Why a message is not taken."""
    began = time.monotonic()
    with pytest.raises(DeliveryFailed) as failed:
        send(Where(url, SECRET), "msg_1", "{}", private=private, seconds=seconds)
    assert time.monotonic() - began < seconds + 1
    return str(failed.value)


def test_a_receiver_that_hangs_or_trickles_is_left_in_time(receiver: Receiver) -> None:
    for answer in (hanging(receiver), trickling(receiver)):
        receiver.answer = answer
        assert refusal(receiver.url) == "no answer within 0.5 s"
    with silent_port() as silent:
        port = silent.getsockname()[1]
        assert refusal(f"https://localhost:{port}/") == "no answer within 0.5 s"


def test_an_answer_is_read_up_to_a_few_kilobytes(receiver: Receiver) -> None:
    receiver.answer = flooding
    assert send(Where(receiver.url, SECRET), "msg_1", "{}", private=True) == 200


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (status(500), "answered 500"),
        (status(404), "answered 404"),
        (
            status(302, Location="http://169.254.169.254/latest/meta-data"),
            "answered 302; redirects are not followed; add the address that it redirects to",
        ),
        (lambda handler: handler.wfile.write(b"+OK\r\n"), "it does not answer with HTTP"),
        (lambda _: None, "it does not answer with HTTP"),
    ],
)
def test_only_a_2xx_counts_as_taken(receiver: Receiver, answer: Answer, reason: str) -> None:
    receiver.answer = answer
    assert refusal(receiver.url) == reason
    assert len(receiver.requests) == 1


def test_a_redirect_to_this_machine_is_not_followed(receiver: Receiver) -> None:
    with receiving() as inner:
        receiver.answer = status(307, Location=inner.url)
        assert "redirects are not followed" in refusal(receiver.url)
        assert inner.requests == []


@pytest.mark.parametrize("name", ["127.1", "0x7f000001", "2130706433"])
def test_a_name_that_resolves_to_a_local_address_is_refused(receiver: Receiver, name: str) -> None:
    url = receiver.url.replace("http://localhost", f"https://{name}")
    reason = refusal(url, private=False)
    assert reason == f"{name} has a local address; to allow it, set FLEETFORGE_WEBHOOK_PRIVATE=true"
    assert "is not https" in refusal(receiver.url, private=False)
    assert receiver.requests == []


def test_a_name_is_resolved_once_and_the_checked_address_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers differently the second time gains nothing."""
    port = int(receiver.url.split(":")[2].partition("/")[0])
    asked: list[Any] = []

    def rebinding(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    url = f"http://plant.example:{port}/alerts"
    assert send(Where(url, SECRET), "msg_1", "{}", private=True) == 204
    assert asked == ["plant.example"]
    assert receiver.requests[0][0]["host"] == f"plant.example:{port}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for localhost that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_certificates_are_verified(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(certificate) as receiver:
        assert "self-signed certificate" in refusal(receiver.url, seconds=5)
        assert receiver.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert send(Where(receiver.url, SECRET), "msg_1", "{}", private=True) == 204
        elsewhere = receiver.url.replace("localhost", "127.0.0.1")
        assert "IP address mismatch" in refusal(elsewhere, seconds=5)


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
    waited, attempts = 0.0, 0
    while site.waiting():
        site.send(3_600)
        waited, attempts = waited + 1, attempts + 1
        ((due_in,),) = site.rows("SELECT due_at - {now} FROM deliveries")
        assert due_in <= 3_600_000
    assert 72 <= waited <= 74
    (webhook,) = webhooks.webhooks()
    assert (webhook.given_up, webhook.waiting, webhook.last_error) == (1, 0, "answered 500")
    site.send(3_600)
    assert len(receiver.requests) == attempts


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
