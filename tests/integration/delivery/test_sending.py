"""Sending one message: good and bad receivers, and what is refused."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from actors.webhooks.sending import send
from errors import DeliveryFailed
from storage.delivery.webhooks import Receiver as Where
from storage.status import UnitLevel
from tests.integration.delivery.receivers import (
    Answer,
    Receiver,
    flooding,
    hanging,
    receiving,
    silent_port,
    status,
    trickling,
)

SECRET = "whsec_" + "A" * 43 + "="
ALARM = UnitLevel.ALARM


def refusal(url: str, *, private: bool = True, seconds: float = 0.3) -> str:
    """Why a message is not taken."""
    began = time.monotonic()
    with pytest.raises(DeliveryFailed) as failed:
        send(Where(url, SECRET), "msg_1", "{}", private=private, seconds=seconds)
    assert time.monotonic() - began < seconds + 1
    return str(failed.value)


def test_a_receiver_that_hangs_or_trickles_is_left_in_time(receiver: Receiver) -> None:
    for answer in (hanging(receiver), trickling(receiver)):
        receiver.answer = answer
        assert refusal(receiver.url) == "no answer within 0.3 s"
    with silent_port() as silent:
        port = silent.getsockname()[1]
        assert refusal(f"https://localhost:{port}/") == "no answer within 0.3 s"


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
