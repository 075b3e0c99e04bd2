from __future__ import annotations

from tests.acceptance.conftest import user, warm_command
from tests.web.conftest import browser, shots

__all__ = ["browser", "shots", "user", "warm_command"]
