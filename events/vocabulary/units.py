"""The events of units in service: readings, predictions, alerts and the ends of lives."""

from __future__ import annotations

from typing import ClassVar

from events.plan import Frozen
from events.vocabulary.base import Event, Request
from storage.ledger.event_log import Effect
from storage.status import UnitLevel
from storage.telemetry.archives import ARCHIVE_CHAIN
from storage.telemetry.units import ALERT_CHAIN, CONDITION_CHAIN, LIFE_CHAIN


class ReadingsArrived(Event):
    """Readings of units of a machine wait for a prediction.

    Attributes:
        rows: New rows of readings in the batch; 0 if they came while a job ran.
        units: Units that they belong to.
    """

    chain: ClassVar[str] = CONDITION_CHAIN
    effect: ClassVar[Effect] = Effect.BEGINS
    recurring: ClassVar[bool] = True

    rows: int
    units: int


class PredictionRequested(Request, Event):
    """Predict all units of a machine again, with the version that is live."""

    chain: ClassVar[str] = CONDITION_CHAIN


class PredictionsMade(Event):
    """Units were predicted at their newest readings.

    Attributes:
        rows: Rows of readings that were used.
        units: Units that were predicted.
        passed_over: Units whose readings end the process; their conditions begin anew.
        version: Version of the predictor; None if there is none yet.
    """

    chain: ClassVar[str] = CONDITION_CHAIN
    effect: ClassVar[Effect] = Effect.ENDS
    recurring: ClassVar[bool] = True

    rows: int
    units: int
    passed_over: int = 0
    version: int | None = None


class ReadingsAged(Event):
    """Readings of past days can be moved to files."""

    chain: ClassVar[str] = ARCHIVE_CHAIN
    effect: ClassVar[Effect] = Effect.BEGINS


class ReadingsArchived(Event):
    """Readings of past days were moved to files.

    Attributes:
        rows: Rows of readings.
        days: Days that they are of.
    """

    chain: ClassVar[str] = ARCHIVE_CHAIN
    effect: ClassVar[Effect] = Effect.ENDS

    rows: int
    days: int


class _OfAlert(Frozen):
    """A change of an alert.

    Attributes:
        cause: What it was raised for.
        sentence: The prediction's reasons in words, or what cleared it.
        reading_at: Time of the reading, ms since 1970.
    """

    alert_id: int
    unit: str
    cause: str
    sentence: str
    reading_at: int


class AlertRaised(_OfAlert, Event):
    """The level of a unit has risen."""

    chain: ClassVar[str] = ALERT_CHAIN
    effect: ClassVar[Effect] = Effect.NOTICE

    level: UnitLevel


class AlertCleared(_OfAlert, Event):
    """A unit with an alert is healthy again, was replaced or repaired, or has failed."""

    chain: ClassVar[str] = ALERT_CHAIN
    effect: ClassVar[Effect] = Effect.NOTICE


class _Ended(Frozen):
    """The end of a unit's life.

    Attributes:
        at: When it ended, ms since 1970.
    """

    unit: str
    life: int
    at: int


class FailureHappened(_Ended, Event):
    """A unit has failed.

    Attributes:
        mode: The failure mode; None if it is not known.
    """

    chain: ClassVar[str] = LIFE_CHAIN
    effect: ClassVar[Effect] = Effect.BEGINS

    mode: str | None = None


class MaintenanceDone(_Ended, Event):
    """A unit was replaced or overhauled before it failed: its life begins anew."""

    chain: ClassVar[str] = LIFE_CHAIN
    effect: ClassVar[Effect] = Effect.BEGINS

    note: str = ""


class UnitRepaired(Event):
    """What some sensors of a unit measure was repaired: its life goes on.

    Attributes:
        at: When it was done, ms since 1970.
    """

    chain: ClassVar[str] = LIFE_CHAIN
    effect: ClassVar[Effect] = Effect.NOTICE

    unit: str
    life: int
    at: int
    sensors: list[str]
    note: str = ""


class LifeEnded(_Ended, Event):
    """The readings of a life that has ended are a file.

    Attributes:
        key: Key of the file; None if there were no readings.
        rows: Rows of readings in it.
    """

    chain: ClassVar[str] = LIFE_CHAIN
    effect: ClassVar[Effect] = Effect.ENDS

    key: str | None
    rows: int
