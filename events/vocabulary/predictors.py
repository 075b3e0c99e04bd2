"""The events of predictors."""

from __future__ import annotations

from typing import ClassVar

from events.plan import SeedNumber
from events.vocabulary.base import Event, Request
from storage.ledger.event_log import Effect
from storage.ledger.predictor_registry import TrainedPredictor
from storage.status import PREDICTOR_CHAIN


class PredictorRequested(Request, Event):
    """Train a predictor of the machine's failures.

    Attributes:
        seed: Random seed of the fresh simulated lives and of the training.
    """

    chain: ClassVar[str] = PREDICTOR_CHAIN

    seed: SeedNumber = 0


class LivesLabelled(Event):
    """Enough units in service have failed, and how is known, to learn from them.

    Attributes:
        lives: How many that no version has learnt from.
        seed: See `PredictorRequested`.
    """

    chain: ClassVar[str] = PREDICTOR_CHAIN
    effect: ClassVar[Effect] = Effect.BEGINS

    lives: int
    seed: SeedNumber = 0


class PredictorTrained(Event):
    """A predictor of the machine's failures was trained and evaluated.

    Attributes:
        predictor_key: Key of its file.
        learnt_from: The lives that were chosen to learn from.
        units: Number of these lives.
        scores: Metrics on units that it has not seen, by name.
        no_forecast: Why it gives no RUL; None if it does.
        against: Why it does not replace the live version, with the metric; empty if it does.
    """

    chain: ClassVar[str] = PREDICTOR_CHAIN
    effect: ClassVar[Effect] = Effect.ENDS

    predictor_key: str
    version: int
    learnt_from: str
    units: int
    scores: dict[str, float]
    training_time_seconds: float
    no_forecast: str | None = None
    against: str = ""

    def trained_predictor(self) -> TrainedPredictor:
        """The predictor."""
        return TrainedPredictor(
            key=self.predictor_key,
            version=self.version,
            learnt_from=self.learnt_from,
            units=self.units,
            scores=self.scores,
            seconds=self.training_time_seconds,
            no_forecast=self.no_forecast,
            against=self.against,
        )


class PredictorChosen(Event):
    """A user chose the version that predicts."""

    chain: ClassVar[str] = PREDICTOR_CHAIN
    effect: ClassVar[Effect] = Effect.NOTICE

    version: int
