"""Remaining-useful-life settings of each machine category.

The eleven categories and their values are those of the reference fleet (`max_rul_hours`, pattern,
spread). The Weibull shape is 2 to 4 for wear-out, and 2.1 where bearings are the dominant cause.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

DegradationPattern = Literal["linear_slow", "linear_medium", "linear_fast", "exponential"]

#: Lives of a simulated seed. RUL forecasts learnt from synthetic sets get better up to about 60
#: lives: docs/synthesis.md has the errors. They cost a simulation of milliseconds.
DEFAULT_LIVES = 60


class RulProfile(NamedTuple):
    """Lifetime and wear of a machine category.

    Attributes:
        max_rul_hours: The longest life, hours.
        degradation_pattern: How wear grows with life fraction.
        rul_noise_std_hours: Standard deviation of the onset of degradation from unit to unit,
            hours. It limits how accurately any model can forecast RUL.
        weibull_shape: Shape of the Weibull distribution of lifetimes.
        cycles_per_dataset: Run-to-failure lives in a seed data set.
    """

    max_rul_hours: float
    degradation_pattern: DegradationPattern
    rul_noise_std_hours: float
    weibull_shape: float
    cycles_per_dataset: int = DEFAULT_LIVES


RUL_PROFILES: dict[str, RulProfile] = {
    "motor": RulProfile(1000, "linear_slow", 10, 2.1),
    "pump": RulProfile(800, "linear_medium", 12, 2.1),
    "compressor": RulProfile(600, "linear_fast", 8, 2.5),
    "cnc": RulProfile(500, "exponential", 15, 3.0),
    "fan": RulProfile(1200, "linear_slow", 20, 2.1),
    "conveyor": RulProfile(900, "linear_medium", 15, 2.5),
    "robot": RulProfile(1100, "linear_slow", 18, 2.5),
    "hydraulic": RulProfile(850, "linear_medium", 14, 2.5),
    "transformer": RulProfile(1500, "linear_slow", 25, 4.0),
    "cooling_tower": RulProfile(1100, "linear_medium", 20, 2.5),
    "turbofan": RulProfile(700, "exponential", 12, 3.0),
}

#: Used for a machine of an unknown category: typical values of the table.
DEFAULT_CATEGORY = "generic"
RUL_PROFILES[DEFAULT_CATEGORY] = RulProfile(900, "linear_medium", 15, 2.5)


def category_of(machine_id: str, machine_type: str = "") -> str:
    """The category whose settings apply to a machine.

    The machine type decides if it is a category; else the longest category with which the machine
    id starts; else `generic`.

    >>> category_of("press_7", "hydraulic"), category_of("cooling_tower_9"), category_of("mill_3")
    ('hydraulic', 'cooling_tower', 'generic')
    """
    if machine_type in RUL_PROFILES:
        return machine_type
    prefixes = [name for name in RUL_PROFILES if machine_id.startswith(f"{name}_")]
    return max(prefixes, key=len, default=DEFAULT_CATEGORY)
