"""Utility of synthetic data: RUL forecasts trained on it, compared with those trained on the seed.

Train on synthetic, test on real (TSTR), and train on real, test on real (TRTR); Esteban, Hyland
and Rätsch, Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs, 2017. The
test units are held out from the real side's training. Fresh simulated units are new to the
generative model as well; where the seed is real there are none, and the generative model was
trained on the test units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from GAN.evaluation.c2st import BINS
from GAN.evaluation.report_part import ReportPart
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

#: Rows to train on and to test on, the same number on both sides.
TRAINING_ROWS, TEST_ROWS = 8_000, 8_000
#: The PHM08 score penalises a late forecast more than an early one. It was made for engines that
#: last some hundred cycles, so errors are measured in hundredths of the longest life.
EARLY, LATE = 13.0, 10.0


class Forecast(ReportPart):
    """Errors of RUL forecast from the sensors of single rows.

    Attributes:
        rmse_hours: Root mean square error.
        phm08: Mean score of the PHM08 challenge (Saxena et al., Damage Propagation Modeling for
            Aircraft Engine Run-to-Failure Simulation, PHM 2008): 0 is perfect.
    """

    rmse_hours: float
    phm08: float


class Utility(ReportPart):
    """Forecasts for units that the real side was not trained on.

    Attributes:
        tested_on: Where the test units come from, and which side was trained on them.
        synthetic: Trained on the synthetic train set (TSTR).
        shuffled_baseline: Trained on its rows shuffled among units at the same stage of life.
        real: Trained on as many rows of the seed, if it has them (TRTR).
    """

    renamed: ClassVar = {"shuffled_baseline": "no_order"}

    tested_on: str
    synthetic: Forecast
    shuffled_baseline: Forecast
    real: Forecast

    @property
    def error_ratio(self) -> float:
        """RMSE trained on synthetic data, divided by RMSE trained on real data."""
        return self.synthetic.rmse_hours / max(self.real.rmse_hours, 1e-12)


def utility(
    seed: pd.DataFrame,
    train: pd.DataFrame,
    shuffled_baseline: pd.DataFrame,
    profile: MachineProfile,
    fresh: pd.DataFrame | None = None,
) -> Utility | None:
    """Train RUL forecasts on both sides and compare them.

    Args:
        seed: The seed data.
        train: The synthetic train set.
        shuffled_baseline: The same rows shuffled; see
            `GAN.evaluation.temporal.shuffled_baseline`.
        profile: The machine.
        fresh: Units of the same machine that no model was trained on. Without them, forecasts on
            the real side are cross-validated over the seed's units, in three folds.

    Returns:
        None if the seed has one unit and there are no fresh ones.
    """
    from sklearn.model_selection import GroupKFold

    features = [sensor.name for sensor in profile.sensors]
    longest = profile.life.max_rul_hours
    from_train, from_shuffled = (_trained(each, features) for each in (train, shuffled_baseline))
    if fresh is not None:
        tested = _some(fresh, TEST_ROWS)
        return Utility(
            tested_on=f"{fresh['unit_id'].nunique()} fresh simulated units",
            synthetic=_judged(from_train(tested), tested, longest),
            shuffled_baseline=_judged(from_shuffled(tested), tested, longest),
            real=_judged(_trained(seed, features)(tested), tested, longest),
        )
    units = seed["unit_id"].nunique()
    if units < 2:
        return None
    forecast = np.empty(len(seed))
    for training, held_out in GroupKFold(min(3, units)).split(seed, groups=seed["unit_id"]):
        forecast[held_out] = _trained(seed.iloc[training], features)(seed.iloc[held_out])
    return Utility(
        tested_on=(
            f"{units} units of the seed, each held out once on the real side; the generative model "
            "of the synthetic side was trained on them"
        ),
        synthetic=_judged(from_train(seed), seed, longest),
        shuffled_baseline=_judged(from_shuffled(seed), seed, longest),
        real=_judged(forecast, seed, longest),
    )


def _trained(frame: pd.DataFrame, features: list[str]) -> Callable[[pd.DataFrame], Matrix]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = _some(frame, TRAINING_ROWS)
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
