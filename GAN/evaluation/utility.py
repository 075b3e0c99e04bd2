"""What synthetic data is good for: RUL learnt from it, beside RUL learnt from the seed.

Train on synthetic, test on real (TSTR), beside train on real, test on real (TRTR); Esteban,
Hyland and Rätsch, Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs,
2017. Tested is on units that the real side has not seen. The model has not seen them either where
they are fresh simulated ones; where the seed is real, it has learnt them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from GAN.evaluation.c2st import BINS
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

#: Rows to learn from and to test on: the same number of either kind.
LEARNT_ROWS, TESTED_ROWS = 8_000, 8_000
#: The PHM08 score punishes a late forecast more than an early one; it was made for engines that
#: last some hundred cycles, so errors are counted in hundredths of the longest life.
EARLY, LATE = 13.0, 10.0


class Forecast(BaseModel):
    """How well RUL is forecast from the sensors of single rows.

    Attributes:
        rmse_hours: Root mean square error.
        phm08: Mean score of the PHM08 challenge (Saxena et al., Damage Propagation Modeling for
            Aircraft Engine Run-to-Failure Simulation, PHM 2008): 0 is perfect.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rmse_hours: float
    phm08: float


class Usefulness(BaseModel):
    """Forecasts of units that the real side has not seen.

    Attributes:
        tested_on: Where they come from, and who has seen them.
        synthetic: Learnt from the synthetic train set.
        no_order: Learnt from its rows mixed among units at the same time of life.
        real: Learnt from as many rows of the seed, if it has them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tested_on: str
    synthetic: Forecast
    no_order: Forecast
    real: Forecast

    @property
    def error_ratio(self) -> float:
        """Error learnt from synthetic data, as a multiple of that learnt from real data."""
        return self.synthetic.rmse_hours / max(self.real.rmse_hours, 1e-12)


def usefulness(
    seed: pd.DataFrame,
    train: pd.DataFrame,
    no_order: pd.DataFrame,
    profile: MachineProfile,
    fresh: pd.DataFrame | None = None,
) -> Usefulness | None:
    """Learn RUL from both and compare.

    Args:
        seed: The seed data.
        train: The synthetic train set.
        no_order: The same in no order; see `GAN.evaluation.temporal.in_a_bag`.
        profile: The machine.
        fresh: Units of the same machine that nothing was learnt from. Absent, each third of the
            seed's units is forecast from the other two.

    Returns:
        None if the seed has one unit and there are no fresh ones.
    """
    features = [sensor.name for sensor in profile.sensors]
    longest = profile.life.max_rul_hours
    from_train, from_no_order = (_learnt(each, features) for each in (train, no_order))
    if fresh is not None:
        tested = _some(fresh, TESTED_ROWS)
        return Usefulness(
            tested_on=f"{fresh['unit_id'].nunique()} fresh simulated units",
            synthetic=_judged(from_train(tested), tested, longest),
            no_order=_judged(from_no_order(tested), tested, longest),
            real=_judged(_learnt(seed, features)(tested), tested, longest),
        )
    units = seed["unit_id"].unique()
    if len(units) < 2:
        return None
    fold = seed["unit_id"].map({unit: index % 3 for index, unit in enumerate(units)}).to_numpy()
    folds = range(min(3, len(units)))
    forecast = np.concatenate(
        [_learnt(seed[fold != index], features)(seed[fold == index]) for index in folds]
    )
    by_fold = seed.iloc[np.concatenate([np.flatnonzero(fold == index) for index in folds])]
    return Usefulness(
        tested_on=(
            f"{len(units)} units of the seed, each held out once from the seed's side; the model "
            "of the synthetic side has learnt them"
        ),
        synthetic=_judged(from_train(seed), seed, longest),
        no_order=_judged(from_no_order(seed), seed, longest),
        real=_judged(forecast, by_fold, longest),
    )


def _learnt(frame: pd.DataFrame, features: list[str]) -> Callable[[pd.DataFrame], Matrix]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = _some(frame, LEARNT_ROWS)
    model = HistGradientBoostingRegressor(max_iter=60, max_bins=BINS, random_state=0)
    model.fit(rows[features].to_numpy(), rows["rul_hours"])
    return lambda tested: np.asarray(model.predict(tested[features].to_numpy()))


def _some(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    return frame if len(frame) <= rows else frame.sample(rows, random_state=0)


def _judged(forecast: Matrix, tested: pd.DataFrame, longest: float) -> Forecast:
    late = forecast - tested["rul_hours"].to_numpy()
    hundredths = 100.0 * late / longest
    score = np.where(hundredths < 0, np.exp(-hundredths / EARLY), np.exp(hundredths / LATE)) - 1.0
    return Forecast(rmse_hours=float(np.sqrt(np.square(late).mean())), phm08=float(score.mean()))
