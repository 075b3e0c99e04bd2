"""What a job has found out about a unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.status import UnitLevel


@dataclass(frozen=True)
class NewState:
    """What a job has found out about a unit.

    Attributes:
        unit_id: The unit.
        life: Its life at the time.
        condition_was: `condition_at` of the condition that the job began with.
        basis_was: Its `condition_basis`.
        condition_at: Time of the newest reading that `condition` includes.
        condition: Its running figures.
        condition_basis: What they depend on.
        latest: The prediction, as JSON text.
        rul_hours: Its RUL.
        kept: The prediction with its reasons, if it is to be kept.
        level: Its level now.
        level_was: Its level before.
        calm_since: See `WaitingUnit`.
        cause: What the level comes from; empty if it is healthy.
    """

    unit_id: int
    unit: str
    life: int
    condition_was: int
    basis_was: str | None
    condition_at: int
    condition: bytes
    condition_basis: str
    latest: str
    rul_hours: float
    kept: Mapping[str, Any] | None
    level: UnitLevel
    level_was: UnitLevel
    calm_since: float | None
    cause: str
