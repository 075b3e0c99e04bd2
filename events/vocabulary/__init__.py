"""The events: facts about a machine in the past tense, and requests that users make."""

from __future__ import annotations

from typing import Any

from events.vocabulary.base import EVENT_TYPES, Event, Request
from events.vocabulary.onboarding import (
    AssessmentRequested,
    GenerationRequested,
    MachineCreated,
    MachineOnboarded,
    ModelTrained,
    RetrainRequested,
    RunDataSubmitted,
    SeedReady,
    SeedRequested,
    StageCancelled,
    StageFailed,
    StageOverdue,
    StageRetried,
    SyntheticDataReady,
    TrainingRequested,
)
from events.vocabulary.predictors import (
    LivesLabelled,
    PredictorChosen,
    PredictorRequested,
    PredictorTrained,
)
from events.vocabulary.units import (
    AlertCleared,
    AlertRaised,
    FailureHappened,
    LifeEnded,
    MaintenanceDone,
    PredictionRequested,
    PredictionsMade,
    ReadingsAged,
    ReadingsArchived,
    ReadingsArrived,
    UnitRepaired,
)

__all__ = [
    "EVENT_TYPES",
    "AlertCleared",
    "AlertRaised",
    "AssessmentRequested",
    "Event",
    "FailureHappened",
    "GenerationRequested",
    "LifeEnded",
    "LivesLabelled",
    "MachineCreated",
    "MachineOnboarded",
    "MaintenanceDone",
    "ModelTrained",
    "PredictionRequested",
    "PredictionsMade",
    "PredictorChosen",
    "PredictorRequested",
    "PredictorTrained",
    "ReadingsAged",
    "ReadingsArchived",
    "ReadingsArrived",
    "Request",
    "RetrainRequested",
    "RunDataSubmitted",
    "SeedReady",
    "SeedRequested",
    "StageCancelled",
    "StageFailed",
    "StageOverdue",
    "StageRetried",
    "SyntheticDataReady",
    "TrainingRequested",
    "UnitRepaired",
    "read_event",
]


def read_event(event_type: str, machine_id: str, payload: dict[str, Any]) -> Event:
    """The event that a ledger row holds."""
    return EVENT_TYPES[event_type](machine_id=machine_id, **payload)
