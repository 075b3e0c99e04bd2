"""What all events have in common.

A class declares what its events mean for their chain where it is defined: `effect` and `chain`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from events.plan import Frozen
from storage.ledger.chain_status import ONBOARDING
from storage.ledger.event_log import Effect
from storage.ledger.model_registry import TrainedModel, Verdict
from storage.ledger.predictor_registry import TrainedPredictor


class Request(Frozen):
    """A request of a user. It begins a run of its chain at the stage that reacts to it."""

    effect: ClassVar[Effect] = Effect.BEGINS


#: Every event type by its name; defining a class adds it.
EVENT_TYPES: dict[str, type[Event]] = {}


class Event(Frozen):
    """Something that happened to one machine.

    Attributes:
        chain: The chain that the event belongs to. An event that a job publishes belongs to the
            chain of its job, and a stage to the chain of the events that it publishes.
        effect: What the event means for that chain.
        recurring: Whether such events come again and again, as with each batch of readings. Lists
            leave them out unless they are asked for, and they are removed after a week.
    """

    chain: ClassVar[str] = ONBOARDING
    effect: ClassVar[Effect] = Effect.CONTINUES
    recurring: ClassVar[bool] = False

    machine_id: str

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Add the type to `EVENT_TYPES`."""
        super().__pydantic_init_subclass__(**kwargs)
        if issubclass(cls, Request) and cls.effect is not Effect.BEGINS:
            raise TypeError(f"{cls.__name__}: name Request before Event among its bases")
        EVENT_TYPES[cls.__name__] = cls

    @property
    def type(self) -> str:
        """The event's name, as stored and shown."""
        return type(self).__name__

    def payload(self) -> dict[str, Any]:
        """The event's fields without the machine's id."""
        return self.model_dump(mode="json", exclude={"machine_id"})

    def trained_model(self) -> TrainedModel | None:
        """The model whose training the event reports; None for other events."""
        return None

    def verdict(self) -> Verdict | None:
        """The verdict on a model that the event reports; None for other events."""
        return None

    def trained_predictor(self) -> TrainedPredictor | None:
        """The predictor whose training the event reports; None for other events."""
        return None
