"""What a job has found out about a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from storage.status import UnitLevel


class PassedOver(NamedTuple):
    """A unit whose condition begins anew, because its readings cannot be used.

    Attributes:
        life: Its life at the time.
        until: Time of the newest reading that is passed over, ms since 1970.
    """

    unit_id: int
    life: int
    until: int


@dataclass(frozen=True)
class KeptPrediction:
    """A prediction as it is kept; see `storage.telemetry.tables.Prediction`.

    Attributes:
        explanation: JSON: sentence, usual_hours, reasons, similar_lives and outlook.
        sentence: The reasons in words.
    """

    failure_class: str
    probability: float
    probability_24h: float
    probabilities: str
    rul_hours: float
    rul_low_hours: float
    rul_high_hours: float
    anomaly_score: float | None
    anomaly_limit: float | None
    strangeness: float | None
    health: float | None
    explanation: str
    sentence: str


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
        latest: The prediction without its explanation, as JSON text.
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
    kept: KeptPrediction | None
    level: UnitLevel
    level_was: UnitLevel
    calm_since: float | None
    cause: str
