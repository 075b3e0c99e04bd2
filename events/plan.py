"""The plan of an onboarding: what the user asked for, passed on from event to event."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from GAN.config import limits
from GAN.config.tvae_config import DEFAULT_EPOCHS, DEFAULT_ROWS, DEFAULT_SAMPLES


class Frozen(BaseModel):
    """Refuses unknown fields, changes, and numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


SetRows = Annotated[int, Field(ge=limits.MIN_SET_ROWS, le=limits.MAX_SET_ROWS)]
SeedRows = Annotated[int, Field(ge=limits.MIN_SEED_ROWS, le=limits.MAX_SEED_ROWS)]
Epochs = Annotated[int, Field(ge=limits.MIN_EPOCHS, le=limits.MAX_EPOCHS)]
SeedNumber = Annotated[int, Field(ge=limits.MIN_RANDOM_SEED, le=limits.MAX_RANDOM_SEED)]
PhysicsShare = Annotated[float, Field(ge=limits.MIN_PHYSICS_SHARE, le=limits.MAX_PHYSICS_SHARE)]


class Samples(Frozen):
    """Rows of each synthetic set."""

    train: SetRows = DEFAULT_SAMPLES["train"]
    val: SetRows = DEFAULT_SAMPLES["val"]
    test: SetRows = DEFAULT_SAMPLES["test"]


class Plan(Frozen):
    """What the user asked for; each event of a chain passes it on to the next.

    Attributes:
        rows: Rows of the physics seed.
        epochs: Training epochs of the TVAE.
        samples: Rows of each synthetic set.
        seed: Random seed, with which the whole chain is repeatable.
        retraining: How many times the sets were rejected so far.
    """

    rows: SeedRows = DEFAULT_ROWS
    epochs: Epochs = DEFAULT_EPOCHS
    samples: Samples = Samples()
    seed: SeedNumber = 0
    retraining: Annotated[int, Field(ge=0)] = 0

    def plan(self, **changes: Any) -> dict[str, Any]:
        """The plan's fields, with changes, to build the next event from."""
        return {name: getattr(self, name) for name in Plan.model_fields} | changes
