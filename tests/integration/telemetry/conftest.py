from __future__ import annotations

import pytest

import actors
from storage.settings import Settings
from tests.integration.telemetry.plant import Plant

assert actors  # declares the stages


@pytest.fixture
def plant(ledger: Settings) -> Plant:
    """A plant with one machine and no predictor."""
    found = Plant(ledger)
    found.add_machine()
    return found
