"""What is known of a unit without readings: the lifetimes of its type."""

from __future__ import annotations

import numpy as np

from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.error_distribution import (
    HIGH,
    LEVELS,
    LOW,
    MEDIAN,
    probability_within,
)
from GAN.prognosis.prediction import LIFETIMES, PLANNING_SHARE, Prediction
from GAN.prognosis.readings import Readings

_DRAWS = 2_000


def lifetimes(profile: MachineProfile) -> Floats:
    """Lifetimes drawn from the profile's Weibull distribution, hours, ascending."""
    from GAN.simulation.lifetime_distribution import draw_lives

    return np.sort(draw_lives(profile.life, _DRAWS, np.random.default_rng(0)))


def remaining(lives: Floats, age: float) -> Floats:
    """Quantiles of RUL at `LEVELS` for a unit of which only its age is known, hours.

    Args:
        lives: Lifetimes, hours, ascending.
        age: Hours in service.
    """
    left = lives[lives > age] - age
    return np.quantile(left, LEVELS) if len(left) else np.zeros(len(LEVELS))


def predictions(
    profile: MachineProfile,
    table: Readings | None,
    lives: Floats | None = None,
    reason: str = "no readings were used",
) -> list[Prediction]:
    """Predictions of units of which nothing but their age is known.

    Args:
        profile: The machine type.
        table: Readings, of which only the times are used; None: one new unit.
        lives: Lengths of lives, hours, ascending; None: those of the profile.
        reason: Why nothing else is known; a part of the sentence.
    """
    known = lifetimes(profile) if lives is None else lives
    planning = PLANNING_SHARE * profile.life.max_rul_hours
    names: tuple[str, ...] = ("",)
    ages = [0.0]
    if table is not None:
        names = table.units
        ages = [float(table.hours[table.unit == index].max()) for index in range(len(names))]
    return [
        _prediction(name, age, known, planning, profile, reason)
        for name, age in zip(names, ages, strict=True)
    ]


def _prediction(
    name: str, age: float, lives: Floats, planning: float, profile: MachineProfile, reason: str
) -> Prediction:
    quantiles = remaining(lives, age)[None]
    within = float(probability_within(quantiles, planning)[0])
    shares = {mode.name: mode.share for mode in profile.failure_modes}
    total = sum(shares.values())
    median, low, high = (float(quantiles[0, place]) for place in (MEDIAN, LOW, HIGH))
    return Prediction(
        unit=name,
        age_hours=age,
        based_on=LIFETIMES,
        rul_hours=median,
        rul_low_hours=low,
        rul_high_hours=high,
        rul_quantiles=tuple(quantiles[0].tolist()),
        probability_24h=float(probability_within(quantiles, 24.0)[0]),
        planning_hours=planning,
        probabilities={"healthy": 1.0 - within}
        | {mode: within * share / total for mode, share in shares.items()},
        sentence=(
            f"About {median:.0f} h left, with 90 % probability {low:.0f} to {high:.0f} h, from the "
            f"lifetimes of the type alone: {reason}."
        ),
    )
