"""The lives that a predictor can learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from GAN.config.limits import MAX_RANDOM_SEED
from GAN.datasets.real_units import RealUnits
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.added_lives import generated_lives, stretched_lives

if TYPE_CHECKING:
    import pandas as pd

REAL = "real lives"
REAL_AND_SIMULATED = "real and simulated lives"
REAL_AND_MADE = "real lives, synthetic ones and stretched copies"

#: Simulated units to be judged on, and the rows of each seed of simulated units.
JUDGED_UNITS, _SEED_ROWS = 60, 3_000
#: The judged units come from seeds that users are unlikely to choose.
_FIRST_JUDGED_SEED = MAX_RANDOM_SEED - 10_000


def lives_with(
    name: str,
    known: RealUnits,
    simulated: pd.DataFrame | None,
    profile: MachineProfile,
    seed: int,
) -> pd.DataFrame:
    """Real lives, and others with them.

    Args:
        name: `REAL`, `REAL_AND_SIMULATED` or `REAL_AND_MADE`.
        known: The real units; lives are made from these alone.
        simulated: Lives simulated from the profile.
        profile: The machine.
        seed: Random seed.
    """
    if name == REAL_AND_MADE:
        made = joined(generated_lives(known, profile, seed), stretched_lives(known, profile, seed))
        return joined(known.lives, made)
    if name == REAL_AND_SIMULATED and simulated is not None:
        return joined(known.lives, simulated)
    return known.lives


def simulated_lives(profile: MachineProfile, units: int, first_seed: int) -> pd.DataFrame:
    """Lives straight from the profile: at least so many units, numbered from 1."""
    import pandas as pd

    from GAN.simulation.physics import physics_seed

    parts: list[pd.DataFrame] = []
    count = 0
    while count < units:
        frame = physics_seed(profile, _SEED_ROWS, first_seed + len(parts))
        frame["unit_id"] += count
        count = int(frame["unit_id"].max())
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def fresh_units(profile: MachineProfile) -> pd.DataFrame:
    """Simulated units that no predictor has learnt from."""
    return simulated_lives(profile, 2 * JUDGED_UNITS, _FIRST_JUDGED_SEED)


def joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Lives of both tables, with unit numbers that differ."""
    import pandas as pd

    other = second.assign(unit_id=second["unit_id"] + first["unit_id"].max())
    return pd.concat([first, other[list(first)]], ignore_index=True)
