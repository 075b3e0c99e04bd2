"""Whether a new version of a predictor replaces the live one: both are tried on the same units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from GAN.datasets.real_units import RealUnits
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.calibration import widened
from GAN.prognosis.choice import Choice
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.evaluation import pinball_loss_of_units
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.training_lives import fresh_units, lives_with, simulated_lives

if TYPE_CHECKING:
    import pandas as pd

#: Level of the interval of the difference.
_LEVEL = 0.9
#: A new version that is worse by more than this share is not taken, however few units there are.
_MOST_WORSE = 0.05
#: Fewest real units that say more than simulated ones.
_FEWEST_UNITS = 2
#: Most real units that are judged, the newest ones: each takes a training.
_MOST_UNITS = 20
_SIMULATED_UNITS, _SIMULATED_SEED = 100, 2_000_000


@dataclass(frozen=True)
class Comparison:
    """A new version and the live one on units that neither has seen.

    Attributes:
        metric: Name of the loss, of which less is better.
        judged_on: What the units are.
        units: Their number.
        live: Mean loss of the live version; likewise `new`.
        low: Start of the 90 % interval of the mean of the paired differences, new less live.
        high: End of it.
    """

    metric: str
    judged_on: str
    units: int
    live: float
    new: float
    low: float
    high: float

    @property
    def reason_against(self) -> str:
        """Why the new version is not taken; empty if it is."""
        if self.low <= 0.0 and self.new <= (1.0 + _MOST_WORSE) * self.live:
            return ""
        return (
            f"{self.metric} is {self.new:.3g} on {self.units} {self.judged_on}; the live version "
            f"has {self.live:.3g} (difference {self.low:+.3g} to {self.high:+.3g})"
        )


def compare(
    profile: MachineProfile,
    live: Predictor,
    choice: Choice,
    real: RealUnits | None,
    unseen: pd.DataFrame | None,
    seed: int,
) -> Comparison:
    """Try a new version and the live one on the same units.

    Real units that the live version has not seen decide, if there are any. The new version has
    learnt from them, so for each of them another one is learnt without it.

    Args:
        profile: The machine type.
        live: The live version.
        choice: The new one.
        real: The real units that it has learnt from.
        unseen: Those of them that the live version has not seen.
        seed: Random seed.
    """
    metric = "pinball_loss_hours"
    if real is None or unseen is None or unseen["unit_id"].nunique() < _FEWEST_UNITS:
        judged = fresh_units(profile)
        losses = (pinball_loss_of_units(one, judged) for one in (live, choice.predictor))
        return _compared(metric, "simulated units", *losses)
    simulated = simulated_lives(profile, _SIMULATED_UNITS, _SIMULATED_SEED)
    theirs, ours = [], []
    for unit in np.unique(unseen["unit_id"])[-_MOST_UNITS:]:
        own = real.lives[real.lives["unit_id"] == unit]
        others = real._replace(lives=real.lives[real.lives["unit_id"] != unit])
        lives = simulated
        if len(others.lives):
            lives = lives_with(choice.learnt_from, others, simulated, profile, seed)
        without = Predictor.fit(
            profile, lives, real.step, seed, real.unfailed, sensor_forecast=False
        )
        without = widened(without, choice.widening)
        theirs.append(pinball_loss_of_units(live, own)[0])
        ours.append(pinball_loss_of_units(without, own)[0])
    return _compared(metric, "real units", np.array(theirs), np.array(ours))


def _compared(metric: str, judged_on: str, live: Floats, new: Floats) -> Comparison:
    from scipy import stats

    difference = new - live
    mean, spread = float(difference.mean()), float(difference.std(ddof=1))
    width = float(stats.t.ppf((1 + _LEVEL) / 2, len(live) - 1)) * spread / np.sqrt(len(live))
    return Comparison(
        metric=metric,
        judged_on=judged_on,
        units=len(live),
        live=float(live.mean()),
        new=float(new.mean()),
        low=mean - float(width),
        high=mean + float(width),
    )
