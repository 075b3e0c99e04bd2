"""A plant that the real chain and real readings have filled, and pages in Debian's Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.web.plant import Plant, Service
from tests.web.reader import Reader

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


#: Tests with a service to themselves; all others share the plant.
ALONE = frozenset(
    {"test_connection", "test_docs", "test_form", "test_many", "test_safety", "test_story"}
)


class ByPlant(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Tests that share the plant run in one process, the others in any.

    xdist's own groups are lost with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if Path(nodeid.partition("::")[0]).stem in ALONE else "plant"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByPlant:
    return ByPlant(config, log)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A machine with units of all levels, served with workers."""
    with Service(tmp_path_factory.mktemp("plant"), "up") as service:
        plant = Plant(service)
        plant.fill()
        yield plant


@pytest.fixture
def reader(plant: Plant, browser: Browser) -> Iterator[Reader]:
    """Somebody at a desk; what goes wrong in the page fails the test."""
    with Reader(browser, plant.service.address) as reader:
        yield reader


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for screenshots: that of FLEETFORGE_SHOTS, if it is set."""
    named = os.environ.get("FLEETFORGE_SHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
