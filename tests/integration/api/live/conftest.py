from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.live import fleet_feed, fleet_states
from tests.integration.api.live.page import Page, page_of
from tests.integration.serving import Http
from tests.integration.telemetry.plant import Plant


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service looks so often that tests need not wait for it."""
    monkeypatch.setattr(fleet_feed, "SHORTEST_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(fleet_feed, "LOOK_SECONDS", 0.05)


@pytest.fixture
def plant(http: Http) -> Plant:
    return Plant(http.service.settings)


@pytest.fixture
def never_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its first look, the service reads what has left a trace, and nothing else."""
    monkeypatch.setattr(fleet_states, "WHOLE_LOOK_MS", 3_600_000)


@pytest.fixture
def always_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_states, "WHOLE_LOOK_MS", 0)


@pytest.fixture
def page(http: Http, plant: Plant) -> Iterator[Page]:
    """A page that is open before anything happens."""
    yield from page_of(http)
