from __future__ import annotations

from tests.acceptance.conftest import user, warm_command

__all__ = ["user", "warm_command"]
