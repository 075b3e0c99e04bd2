"""The bodies of responses about units: readings taken, predictions, alerts."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from api.responses.models import Time
from api.responses.problems import FieldProblem
from storage.queries.in_service.alerts import AlertRow
from storage.queries.in_service.predictions import PredictionRow
from storage.queries.in_service.units import UnitRow
from storage.status import UnitLevel

#: The levels of alerts.
AlertLevel = Literal["watch", "warning", "alarm"]


class ReadingsTaken(BaseModel):
    """What became of a batch of readings."""

    taken: int = Field(description="Rows that are new.", examples=[60])
    known: int = Field(description="Rows whose unit had a reading at that time; the first counts.")
    late: int = Field(description="New rows older than one that was used; kept, no effect.")
    refused: int = Field(description="Rows that were not taken.")
    problems: list[FieldProblem] = Field(description="Why, and what else is wrong; the first 20.")


class SentReading(BaseModel):
    """A row of readings as it was sent."""

    at: Time
    life: int = Field(description="The life of the unit that it belongs to.")
    hours_in_service: float = Field(description="Since that life began.")
    late: bool = Field(description="Whether it came after a later one was used.")
    readings: dict[str, float] = Field(description="By sensor, in the units of the profile.")


class SentReadingPage(BaseModel):
    """Some readings of a unit, the oldest first."""

    items: list[SentReading]
    next_cursor: str | None


class SensorOutlook(BaseModel):
    """The forecast of a sensor, in its unit of measurement."""

    sensor: str = Field(examples=["vibration_rms"])
    hours: list[float] = Field(description="How far ahead.")
    low: list[float | None] = Field(description="5 % quantiles.")
    median: list[float | None]
    high: list[float | None] = Field(description="95 % quantiles.")
    hours_to_alarm: float | None = Field(
        description="Until the median is halfway from the healthy band to failure; null if it "
        "does not get there."
    )


class Reason(BaseModel):
    """What a sensor, or the unit's age, adds to the usual forecast."""

    sensor: str
    hours: float = Field(description="Negative if it shortens the RUL.")
    used: float | None = Field(description="Share of its way to failure that it has gone.")


class SimilarLife(BaseModel):
    """A past life that was once in a similar condition."""

    rul_hours: float = Field(description="How long it then had left.")
    failure_mode: str = Field(description="How it failed.")


class Prediction(BaseModel):
    """What is known of a unit at its newest reading; times in hours."""

    model_config = ConfigDict(extra="ignore")

    age_hours: float = Field(description="Hours in service.")
    based_on: str = Field(description="`readings`, or `lifetimes of the type`.")
    rul_hours: float = Field(description="Median of the remaining useful life.", examples=[310.5])
    rul_low_hours: float = Field(description="Start of the 90 % interval.")
    rul_high_hours: float = Field(description="End of it.")
    probability_24h: float = Field(description="Of failure within 24 hours.")
    planning_hours: float = Field(description="The planning horizon, a tenth of the longest life.")
    probabilities: dict[str, float] = Field(
        description="Of `healthy` and of each failure mode within the planning horizon."
    )
    novelty: float | None = Field(description="How far it strays from its start; 1 is usual.")
    novelty_limit: float | None = Field(description="Above it, novelty is an alarm.")
    strangeness: float | None = Field(description="Above .95 no past life was like this.")
    widened: float = Field(description="Factor by which the interval was widened for that.")
    health: float | None = Field(description="From 100 (new) to 0.")
    silent_sensors: list[str]
    stuck_sensors: list[str]
    outlook: list[SensorOutlook]
    reasons: list[Reason] = Field(description="They add up to the forecast.")
    usual_hours: float | None = Field(description="The forecast without knowing the unit.")
    similar_lives: list[SimilarLife]
    sentence: str = Field(description="The reasons in words.")


class Unit(BaseModel):
    """A unit and its newest prediction."""

    machine_id: str = Field(examples=["pump_example_001"])
    machine_type: str
    unit: str | None = Field(
        description="Null for a machine without readings: then it is what a new unit has.",
        examples=["1"],
    )
    life: int = Field(description="1, 2, …; 0 without a unit.")
    began_at: Time | None = Field(description="When this life began.")
    seen_at: Time | None = Field(description="Time of the newest reading.")
    received_at: Time | None = Field(description="When the newest readings came.")
    level: UnitLevel
    level_since: Time | None = Field(description="Time of the reading.")
    why: str = Field(description="Why there is no forecast; empty if there is one.")
    predicted_at: Time | None = Field(description="Time of the reading it was made at.")
    predictor_version: int | None
    alert_id: int | None = Field(description="Its open alert.")
    prediction: Prediction | None

    @classmethod
    def of(cls, row: UnitRow) -> Self:
        """A unit as the ledger has it."""
        facts = {name: getattr(row, name) for name in cls.model_fields if name != "prediction"}
        said = None if row.prediction is None else Prediction(**row.prediction)
        return cls(**facts | {"unit": row.unit or None, "prediction": said})


class UnitPage(BaseModel):
    """Some units, the most urgent first."""

    items: list[Unit]
    next_cursor: str | None


class PastPrediction(BaseModel):
    """A prediction that was kept, with its reasons."""

    id: int
    life: int
    predictor_version: int | None = Field(description="Null once that version is removed.")
    level: UnitLevel
    failure_class: str | None = Field(description="The most likely failure mode.")
    probability: float | None = Field(description="Of it, within the planning horizon.")
    probability_24h: float | None = Field(description="Of failure within 24 hours.")
    probabilities: dict[str, float]
    rul_hours: float | None
    rul_low_hours: float | None
    rul_high_hours: float | None
    anomaly_score: float | None = Field(description="Novelty; 1 is usual.")
    anomaly_limit: float | None
    strangeness: float | None
    health: float | None
    predicted_at: Time = Field(description="Time of the reading that it was made at.")
    created_at: Time
    explanation: dict[str, Any] = Field(
        description="sentence, usual_hours, reasons, similar_lives, outlook."
    )

    @classmethod
    def of(cls, row: PredictionRow) -> Self:
        """A prediction as the ledger has it."""
        return cls.model_validate(row, from_attributes=True)


class PastPredictionPage(BaseModel):
    """Some predictions of a unit, the newest first."""

    items: list[PastPrediction]
    next_cursor: str | None


class Alert(BaseModel):
    """An alert of a unit."""

    id: int
    machine_id: str
    unit: str
    life: int
    level: AlertLevel = Field(description="The highest level that it has reached.")
    cause: str = Field(examples=["failure in 24 h"])
    sentence: str = Field(description="The prediction's reasons in words.")
    reading_at: Time = Field(description="Time of the reading at which it reached that level.")
    raised_at: Time
    cleared_at: Time | None
    cleared_by: Literal["readings", "failure", "maintenance"] | None
    acknowledged_at: Time | None
    acknowledged_by: str | None
    note: str | None
    incident_id: int | None = Field(description="The incident that it is part of.")
    silenced: bool = Field(
        description="Whether it rose in a silence. It is sent when the silence ends, if it is "
        "still open."
    )

    @classmethod
    def of(cls, row: AlertRow) -> Self:
        """An alert as the ledger has it."""
        return cls.model_validate(row, from_attributes=True)


class AlertPage(BaseModel):
    """Some alerts, the newest first."""

    items: list[Alert]
    next_cursor: str | None


class LifeEnd(BaseModel):
    """A life that has ended."""

    machine_id: str
    unit: str
    life: int = Field(description="The life that has ended; the next one has begun.")
    at: Time


class RepairedUnit(BaseModel):
    """A unit that was repaired."""

    machine_id: str
    unit: str
    life: int = Field(description="The life that goes on.")
    at: Time
    sensors: list[str]


class PredictionTask(BaseModel):
    """A task that predicts the units of a machine."""

    machine_id: str
    task_id: int


class PredictionTasks(BaseModel):
    """The tasks that predict units."""

    items: list[PredictionTask] = Field(
        description="None for a machine without units or without a predictor."
    )
