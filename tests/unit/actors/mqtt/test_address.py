"""Addresses of brokers, and patterns of topics."""

from __future__ import annotations

import pytest

from actors.mqtt.address import Address, Pattern
from errors import InvalidInput


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://host", Address("host", 1883, False, None, None)),
        ("mqtts://u:p%40%2F@host", Address("host", 8883, True, "u", "p@/")),
        ("mqtt://u@[::1]:99/", Address("::1", 99, False, "u", None)),
    ],
)
def test_a_url_names_host_port_and_user(url: str, address: Address) -> None:
    assert Address.of(url) == address


@pytest.mark.parametrize("url", ["host", "mqtt://", "tcp://x", "mqtt://x:y", "mqtt://x/topic"])
def test_another_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidInput, match="write mqtt://host:1883"):
        Address.of(url)


@pytest.mark.parametrize(
    ("pattern", "topic", "named"),
    [
        ("fleetforge/+/+", "fleetforge/press_1/7", ("press_1", "7")),
        ("fleetforge/+/+", "fleetforge/press_1", None),
        ("fleetforge/+/+", "other/press_1/7", None),
        ("hall/+/sensors/+", "hall/press_1/sensors/7", ("press_1", "7")),
        ("+", "press_1", ("press_1", "1")),
    ],
)
def test_a_topic_names_machine_and_unit(
    pattern: str, topic: str, named: tuple[str, str] | None
) -> None:
    assert Pattern.of(pattern).read(topic) == named


@pytest.mark.parametrize("pattern", ["", "a/b", "a/#", "+/+/+", "a/+x/+", "$share/g/a/+/+"])
def test_another_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="--topic"):
        Pattern.of(pattern)
