"""The events of predictors."""

from __future__ import annotations

from typing import ClassVar

from events.plan import SeedNumber
from events.vocabulary.base import Event, Request
from storage.ledger.event_log import Effect
from storage.ledger.predictor_registry import PREDICTOR_CHAIN, TrainedPredictor


class PredictorRequested(Request, Event):
    """Train a predictor of the machine's failures.

    Attributes:
        seed: Random seed of the fresh simulated lives and of the training.
    """

    chain: ClassVar[str] = PREDICTOR_CHAIN

    seed: SeedNumber = 0


class PredictorTrained(Event):
    """A predictor of the machine's failures was trained and evaluated.

    Attributes:
        predictor_key: Key of its file.
        learnt_from: The lives that were chosen to learn from.
        units: Number of these lives.
        scores: Metrics on units that it has not seen, by name.
        no_forecast: Why it gives no RUL; None if it does.
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
        )


class PredictorChosen(Event):
    """A user chose the version that predicts."""

    chain: ClassVar[str] = PREDICTOR_CHAIN
    effect: ClassVar[Effect] = Effect.NOTICE

    version: int
