"""Where the levels of units begin; `GAN.prognosis.levels` has the rules."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from GAN.config.limits import MAX_FALSE_ALARMS, MIN_FALSE_ALARMS


class Thresholds(BaseModel):
    """Where the levels of a machine's units begin.

    Attributes:
        alarm: Probability of failure within 24 hours. A failure that costs ten planned stops pays
            for a stop from 1/11 on.
        warning: Probability of failure within the planning horizon, a tenth of the longest life.
        false_alarms_per_1000_hours: Accepted rate of false alarms of novelty, for `watch`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    alarm: float = Field(default=1 / 11, gt=0, le=1, description="Probability of failure in 24 h.")
    warning: float = Field(
        default=1 / 2, gt=0, le=1, description="Probability of failure in the planning horizon."
    )
    false_alarms_per_1000_hours: float = Field(
        default=1.0,
        ge=MIN_FALSE_ALARMS,
        le=MAX_FALSE_ALARMS,
        description="Accepted false alarms of novelty in 1,000 healthy hours.",
    )
