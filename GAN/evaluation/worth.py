"""Worth of synthetic lives: the RUL error with them, relative to that of the known lives alone.

A forecaster learns from the known lives, another one from these and synthetic ones, and both are
asked about units that neither has seen. If the seed is simulated, these are fresh units. If it is
real, each known unit is left out in turn: the generative model is fitted again without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from GAN.datasets.real_units import RealUnits
from GAN.datasets.regimes import find_regimes
from GAN.datasets.run_to_failure import time_step_of
from GAN.evaluation.forecaster import Forecaster, Matrix, Windows, windows_of
from GAN.evaluation.report_part import ReportPart
from GAN.profiles.profile import MachineProfile
from GAN.progress import silent
from GAN.synthesis.generation import generate
from GAN.synthesis.life_model import learn_lives

if TYPE_CHECKING:
    import pandas as pd

#: RUL is forecast up to this share of the mean known life.
LIMIT = 0.6
#: Real units are left out in at most this many folds; fewer units than `FEWEST` say too little.
FOLDS, FEWEST = 5, 3
#: Probability that the interval contains the ratio.
CONFIDENCE = 0.95


class Worth(ReportPart):
    """RUL errors on units that no forecaster has seen.

    Attributes:
        tested_on: These units in words.
        known_rmse_hours: Root mean square error, learnt from the known lives alone.
        rmse_hours: The same, learnt from the known and synthetic lives.
        low: Lower end of the 95 % interval of their ratio.
        high: Its upper end.
    """

    tested_on: str
    known_rmse_hours: float
    rmse_hours: float
    low: float
    high: float

    @property
    def ratio(self) -> float:
        """Error with synthetic lives, divided by the error without them."""
        return self.rmse_hours / max(self.known_rmse_hours, 1e-12)

    @property
    def text(self) -> str:
        """The ratio with its interval in words."""
        return f"{self.ratio:.2f} times the error, 95 % interval {self.low:.2f} to {self.high:.2f}"


def simulated_worth(
    seed: pd.DataFrame, train: pd.DataFrame, profile: MachineProfile, fresh: pd.DataFrame
) -> Worth:
    """Worth of a set whose seed is simulated.

    Args:
        seed: The seed data, readings within operating regimes; likewise the others.
        train: The synthetic train set.
        profile: The machine.
        fresh: Units that the generative model was not trained on.
    """
    known, made, asked = (windows_of(frame, profile) for frame in (seed, train, fresh))
    most = _most_hours(seed)
    return _worth(
        f"{len(np.unique(asked.units))} fresh simulated units",
        Forecaster([known], most).squared_errors(asked),
        Forecaster([known, made], most).squared_errors(asked),
    )


def real_worth(
    seed: pd.DataFrame,
    synthetic: Mapping[str, pd.DataFrame],
    profile: MachineProfile,
    real: RealUnits,
) -> Worth | None:
    """Worth of sets whose seed has real units.

    The lives of a model that has not seen the units that are asked show what the method is worth,
    but not whether these sets are as it makes them. So the train set takes their place too, and the
    side with the larger error counts. The train set comes from a model that has seen the asked
    units: that makes its error smaller, never larger.

    Args:
        seed: The seed data; simulated units are never left out.
        synthetic: The sets by name.
        profile: The machine.
        real: The real units of the seed.

    Returns:
        None if there are fewer than `FEWEST` real units.
    """
    units = real.lives["unit_id"].unique()
    if len(units) < FEWEST:
        return None
    names = [sensor.name for sensor in profile.sensors]
    regimes, _ = find_regimes(seed, profile)

    def windows(frame: pd.DataFrame) -> Windows:
        return windows_of(regimes.within_nearest(frame, names), profile)

    samples = {split: len(frame) for split, frame in synthetic.items()}
    known, train = windows(seed), windows(synthetic["train"])
    most = _most_hours(seed)
    errors: list[list[Matrix]] = []
    order = np.random.default_rng(0).permutation(units)
    for left_out in np.array_split(order, min(FOLDS, len(units))):
        asked = np.isin(known.units, left_out)
        learnt, held_out = known.of(~asked), known.of(asked)
        made = windows(_lives_without(left_out, seed, samples, profile, real))
        sides = ([learnt], [learnt, made], [learnt, train])
        errors.append([Forecaster(side, most).squared_errors(held_out) for side in sides])
    alone, honest, given = (np.concatenate(side) for side in zip(*errors, strict=True))
    tested_on = f"{len(units)} real units, each left out of all trainings once"
    return _worth(tested_on, alone, max(honest, given, key=np.mean))


def _lives_without(
    left_out: Matrix,
    seed: pd.DataFrame,
    samples: Mapping[str, int],
    profile: MachineProfile,
    real: RealUnits,
) -> pd.DataFrame:
    """A train set of a model that was fitted without some units."""
    known = seed[~seed["unit_id"].isin(left_out)].reset_index(drop=True)
    lives = real.lives[~real.lives["unit_id"].isin(left_out)]
    model = learn_lives(known, profile, real._replace(lives=lives))
    return generate(model, profile, samples, time_step_of(known), 0, silent)["train"]


def _most_hours(seed: pd.DataFrame) -> float:
    lives = (seed["cycle_hour"] + seed["rul_hours"]).groupby(seed["unit_id"]).first()
    return LIMIT * float(lives.mean())


def _worth(tested_on: str, alone: Matrix, joined: Matrix) -> Worth:
    """The ratio of the errors, with a jackknife interval over units.

    Args:
        tested_on: The units in words.
        alone: Mean squared error of each unit, h², shape (units,).
        joined: The same with synthetic lives.
    """
    from scipy.stats import t

    units = len(alone)
    without = [(side.sum() - side) / (units - 1) for side in (alone, joined)]
    logs = np.log(np.maximum(without[1], 1e-24) / np.maximum(without[0], 1e-24)) / 2.0
    error = np.sqrt((units - 1) * logs.var())
    factor = float(np.exp(t.ppf((1.0 + CONFIDENCE) / 2.0, units - 1) * error))
    rmse = [float(np.sqrt(side.mean())) for side in (alone, joined)]
    ratio = rmse[1] / max(rmse[0], 1e-12)
    return Worth(
        tested_on=tested_on,
        known_rmse_hours=rmse[0],
        rmse_hours=rmse[1],
        low=ratio / factor,
        high=ratio * factor,
    )
