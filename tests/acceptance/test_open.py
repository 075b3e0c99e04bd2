"""`fleetforge open`: the dashboard in a browser, logged in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.acceptance.conftest import COMMAND, User
from tests.waiting import eventually, free_port


class Site:
    """A service that runs, and a browser that writes down what it opens."""

    def __init__(self, user: User, url: str) -> None:
        self.user = user
        self.url = url
        self._opened = user.folder / "opened"
        browser = user.folder / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" > {self._opened}\n')
        browser.chmod(0o755)
        user.environment["BROWSER"] = f"{browser} %s"

    def opened(self) -> str:
        address = self._opened.read_text().strip()
        self._opened.unlink()
        return address

    def log_in(self, address: str) -> httpx.Response:
        """What the page does with its address."""
        assert urlsplit(address).path == "/login"
        code = urlsplit(address).fragment.removeprefix("code=")
        return httpx.post(f"{self.url}/api/session", json={"code": code})


@pytest.fixture
def site(user: User) -> Iterator[Site]:
    port = str(free_port())
    found = Site(user, f"http://127.0.0.1:{port}")
    with user.running(COMMAND, "web", "--port", port):
        output = user.folder / "output.log"
        eventually(lambda: found.url in output.read_text(), 60)
        assert f"serving {found.url}, with the dashboard at /fleet" in output.read_text()
        eventually(lambda: answers(found.url), 30)
        yield found


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez").status_code == 200
    except httpx.TransportError:
        return False


def test_the_page_is_opened_and_logged_in_once_tokens_are_in_force(site: Site) -> None:
    user = site.user
    assert user.run("open", site.url).stderr == f"opened {site.url}/fleet\n"
    assert site.opened() == f"{site.url}/fleet"
    user.run("tokens", "create", "planner", "--scope", "write")
    done = user.run("open", f"{site.url}/")
    assert done.stderr == f"opened {site.url}/fleet, logged in with token planner (write)\n"
    address = site.opened()
    assert re.fullmatch(rf"{site.url}/login#code=[\w-]{{43}}", address)
    logged_in = site.log_in(address)
    assert (logged_in.status_code, logged_in.json()["name"]) == (201, "planner")
    assert site.log_in(address).status_code == 401
    user.run("tokens", "create", "boss", "--scope", "admin")
    refused = user.run("open", site.url, exit_code=2)
    assert "say which one: --as NAME, of planner (write), boss (admin)" in refused.stderr
    printed = user.run("open", site.url, "--as", "boss", "--print").stdout.strip()
    assert site.log_in(printed).json()["name"] == "boss"
    user.run("tokens", "revoke", "planner")
    user.run("tokens", "revoke", "boss")
    assert "no token is usable" in user.run("open", site.url, exit_code=2).stderr


@pytest.mark.parametrize(
    ("url", "exit_code", "says"),
    [
        ("http://127.0.0.1:1", 1, "http://127.0.0.1:1 does not answer: "),
        ("ftp://plant", 2, "no address of a service: 'ftp://plant'; write one such as http"),
        ("http://plant/fleet", 2, "no address of a service"),
    ],
)
def test_an_address_at_which_nothing_is_served_is_refused(
    user: User, tmp_path: Path, url: str, exit_code: int, says: str
) -> None:
    assert says in user.run("open", url, exit_code=exit_code).stderr
