"""`fleetforge webhooks`, `silences` and `alerts`: what they print, and what they refuse."""

from __future__ import annotations

import re

import pytest
from standardwebhooks.webhooks import Webhook

from storage.database import database, open_database
from storage.settings import Settings
from storage.status import UnitLevel
from tests.acceptance.conftest import COMMAND, User
from tests.integration.delivery.receivers import receiving
from tests.integration.delivery.site import Site
from tests.waiting import eventually


def test_a_webhook_gets_a_test_and_then_the_alerts(settled: User) -> None:
    settled.environment["FLEETFORGE_WEBHOOK_PRIVATE"] = "true"
    empty = settled.run("webhooks", "list").stdout
    assert empty == "no webhooks yet; add one with: fleetforge webhooks add URL\n"
    with receiving() as receiver:
        made = settled.run("webhooks", "add", receiver.url)
        secret = made.stdout.strip()
        assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
        assert "not shown again, so save it now" in made.stderr
        tested = settled.run("webhooks", "test", "1").stdout
        assert re.fullmatch(r"webhook 1: answered 204 after \d+ ms\n", tested)
        ((headers, body),) = receiver.requests
        assert Webhook(secret).verify(body, headers)["type"] == "test"
        with settled.running(COMMAND, "notify"):
            open_database(Settings(home=settled.home))
            site = Site()
            site.add()
            site.level(UnitLevel.ALARM)
            site.pass_time(60)
            database.close()
            eventually(lambda: receiver.types[1:] == ["alert.raised"])
    (webhook,) = settled.json("webhooks", "list")
    assert (webhook["state"], webhook["waiting"]) == ("active", 0)
    assert secret not in settled.run("webhooks", "list", "--json").stdout
    failed = settled.run("webhooks", "test", "1", exit_code=1)
    assert "Connection refused" in failed.stderr
    assert settled.run("webhooks", "remove", "1").stdout == "webhook 1: removed\n"
    gone = settled.run("webhooks", "remove", "1", exit_code=1)
    assert gone.stderr == "error: no webhook 1; see: fleetforge webhooks list\n"


def test_a_local_address_is_refused_with_the_setting_that_allows_it(settled: User) -> None:
    refused = settled.run("webhooks", "add", "https://10.0.0.5/alerts", exit_code=2)
    assert refused.stderr == (
        "error: webhooks: url: 10.0.0.5 is a local address; to allow it, "
        "set FLEETFORGE_WEBHOOK_PRIVATE=true\n"
    )


def test_silences_and_incidents_are_shown_in_one_row_each(settled: User) -> None:
    assert settled.run("silences", "list").stdout == "no silences\n"
    open_database(Settings(home=settled.home))
    site = Site()
    site.add(count=9)
    made = settled.run("silences", "add", "--machine", "press_1", "--unit", "9", "--hours", "2")
    assert made.stdout.startswith("silence 1: until ")
    site.level(UnitLevel.WATCH, range(1, 10))
    database.close()
    lines = settled.run("alerts", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ID", "9", "incident"]
    assert "(silenced)" in lines[1]
    assert "8 units" in lines[2]
    assert "8 still open; fleetforge alerts list --incident 1" in lines[2]
    assert len(settled.run("alerts", "list", "--incident", "1").stdout.splitlines()) == 9
    assert len(settled.json("alerts", "list")) == 9
    assert "incident 1 is acknowledged by" in settled.run("alerts", "ack", "--incident", "1").stdout
    assert "8 of 8" in settled.run("alerts", "list").stdout
    assert settled.run("silences", "remove", "1").stdout == "silence 1: removed\n"
    assert "(silenced)" not in settled.run("alerts", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (("silences", "add"), 2, "no end; write either --hours or --to"),
        (("silences", "add", "--hours", "10000"), 2, "write at most 30 days"),
        (("silences", "add", "--hours", "1", "--unit", "1"), 2, "name its machine too"),
        (("silences", "remove", "1"), 1, "no silence 1; see: fleetforge silences list"),
        (("alerts", "ack"), 2, "write the id of an alert, or --incident ID"),
        (("alerts", "ack", "--incident", "1"), 1, "no incident 1; see: fleetforge alerts list"),
        (("webhooks", "test", "1"), 1, "no webhook 1; see: fleetforge webhooks list"),
    ],
)
def test_errors_say_what_to_write(
    settled: User, arguments: tuple[str, ...], exit_code: int, says: str
) -> None:
    assert says in settled.run(*arguments, exit_code=exit_code).stderr
