from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.settings import Settings
from tests.integration.delivery.receivers import Receiver, receiving
from tests.integration.delivery.site import Site


@pytest.fixture
def site(ledger: Settings) -> Site:
    """A site with a machine of eight units."""
    found = Site()
    found.add()
    return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found
