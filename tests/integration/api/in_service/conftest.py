from __future__ import annotations

import pytest

from tests.integration.serving import Http
from tests.integration.telemetry.plant import Plant


@pytest.fixture
def plant(http: Http) -> Plant:
    found = Plant(http.service.settings)
    found.add_machine()
    return found
