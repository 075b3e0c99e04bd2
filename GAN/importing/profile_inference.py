"""Infer the profile of a machine from its run-to-failure data.

Wear is inferred from the failed units: a sensor degrades if it ends a life clearly outside the band
in which it begins one. The profile is a starting point, not a data sheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from errors import InvalidInput, Problem
from GAN.config.limits import MAX_MAX_RUL_HOURS, MIN_MAX_RUL_HOURS
from GAN.config.rul_profiles import RUL_PROFILES, RulProfile, category_of
from GAN.config.units import UNITS
from GAN.importing.conversion import Runs
from GAN.importing.stages_of_life import HEALTHY, RowsByStage, rows_by_stage
from GAN.profiles.messages import problems_of
from GAN.profiles.profile import INFERRED, MachineProfile
from GAN.simulation.degradation import FIXED_LAWS
from GAN.simulation.lifetime_distribution import SHORTEST_LIFE, weibull

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

#: Lower quantiles of the healthy readings that bound the normal band. The second, narrower band is
#: for machines whose readings vary so much that no sensor ends outside the first.
BANDS = (0.05, 0.25)
#: Least distance of the end of life from the band, in widths of the band.
CLEARLY = 0.1

#: Share of the way to its failure value from which a failure mode counts as driving a sensor. In
#: other modes the sensor may drift (see `GAN.simulation.physics.DRIFT`).
DRIVEN = 0.5

#: Share of readings at an end of their range from which it counts as the end of the scale.
RESTING = 0.01

#: Unit of a sensor without a given unit: dimensionless.
NO_UNIT = "1"

#: Standard deviation of the logarithm of Weibull shapes within a category, assumed.
_SHAPE_SPREAD = 0.5
_MOST_LIVES_PER_SEED = 10
_BINS = 20
_ONSETS = np.arange(9) / 10


class _Wear(NamedTuple):
    """Degradation of a sensor: direction, failure value, and the failure modes that drive it."""

    direction: str
    failure: float | None
    modes: tuple[str, ...]


def derive_profile(
    machine_id: str, runs: Runs, units: Mapping[str, str], source: str
) -> MachineProfile:
    """Infer a complete profile that fits the data.

    Args:
        machine_id: The new machine's id.
        runs: Its data; cycles count as hours.
        units: Unit by sensor name, where known.
        source: Name of the data in messages.

    Raises:
        InvalidInput: No profile fits the data; the message says why.
    """
    frame = runs.frame
    names = list(frame.columns[4:])
    rows = rows_by_stage(runs)
    longest = float((frame["cycle_hour"] + frame["rul_hours"]).max())
    if longest > MAX_MAX_RUL_HOURS:
        what = f"the longest life is {longest:,.0f} h"
        advice = "give the time in hours, or as dates"
        raise InvalidInput(source, [Problem("cycle_hour", what, advice)])
    for band in BANDS:
        bands = {name: _normal_band(rows.healthy[name], band) for name in names}
        wears = {name: _wear(rows.at_end, name, bands[name]) for name in names}
        if any(wear.failure is not None for wear in wears.values()):
            break
    else:
        what = "no sensor ends a life outside the readings of its beginning"
        advice = "check which columns are the unit and the time, or add sensors that show wear"
        raise InvalidInput(source, [Problem("sensors", what, advice)])
    content = {
        "machine_id": machine_id,
        "machine_type": category_of(machine_id),
        "manufacturer": "unknown",
        "model": "unknown",
        "description": f"Derived from run-to-failure data of {runs.units} units.",
        "rul": _rul(rows.failed, longest, category_of(machine_id)),
        "sensors": [
            _sensor(rows, name, units.get(name, NO_UNIT), bands[name], wears[name])
            for name in names
        ],
        "failure_modes": _failure_modes(rows.failed, wears),
    }
    try:
        return MachineProfile.model_validate(content)
    except ValidationError as error:
        raise InvalidInput(source, list(problems_of(error))) from None


def _rul(failed: pd.DataFrame, longest: float, category: str) -> dict[str, Any]:
    lives = failed.groupby("unit_id")["cycle_hour"].max().to_numpy()
    usual = RUL_PROFILES[category]._replace(max_rul_hours=max(longest, MIN_MAX_RUL_HOURS))
    return {
        "max_rul_hours": usual.max_rul_hours,
        "cycles_per_dataset": min(len(lives), _MOST_LIVES_PER_SEED),
        "degradation_pattern": "linear_medium",  # The laws are fitted to even wear.
        "rul_noise_std_hours": _rounded(usual.max_rul_hours / 50),
        "weibull_shape": _weibull_shape(lives, usual),
    }


def _weibull_shape(lives: Floats, usual: RulProfile) -> float:
    """The likeliest Weibull shape of the lives, given the usual one of the category."""
    from scipy.optimize import minimize_scalar

    # The longest life is a parameter of the distribution, so it says nothing about the shape.
    seen = np.sort(lives)[:-1].clip((SHORTEST_LIFE + 1e-6) * usual.max_rul_hours)

    def cost(shape: float) -> float:
        unusual = np.log(shape / usual.weibull_shape) / _SHAPE_SPREAD
        law = weibull(usual._replace(weibull_shape=shape))
        return float(unusual**2 / 2.0 - law.logpdf(seen).sum())

    return _rounded(float(minimize_scalar(cost, bounds=(0.6, 20.0), method="bounded").x))


def _normal_band(healthy: pd.Series[float], quantile: float) -> tuple[float, float]:
    low, high = (_rounded(float(healthy.quantile(at))) for at in (quantile, 1 - quantile))
    if high <= low:  # Nearly constant: a narrow band, wider than rounding errors.
        width = max(abs(low) * 1e-4, 1e-6)
        floor = 0.0 if low >= 0.0 else -np.inf
        low, high = max(low - width, floor), low + width
    return low, high


def _wear(at_end: pd.DataFrame, name: str, band: tuple[float, float]) -> _Wear:
    of_units = at_end.groupby(["failure_mode", "unit_id"], observed=True)[name].median()
    of_modes = of_units.groupby("failure_mode", observed=True).median()
    low, high = band
    margin = CLEARLY * (high - low)
    above, below = of_modes - high, low - of_modes
    if max(above.max(), below.max()) <= margin:
        return _Wear("steady", None, ())
    rising = above.max() >= below.max()
    beyond = above if rising else below
    failure = float(of_modes[beyond.idxmax()])
    far = max(margin, DRIVEN * beyond.max())
    modes = tuple(str(mode) for mode in beyond.index[beyond > far])
    return _Wear("rising" if rising else "falling", failure, modes)


def _sensor(
    rows: RowsByStage, name: str, unit: str, band: tuple[float, float], wear: _Wear
) -> dict[str, Any]:
    low, high = band
    ends = [*band, *([] if wear.failure is None else [wear.failure])]
    noise, ar1 = _residual(rows.healthy, name)
    sensor: dict[str, Any] = {
        "name": name,
        "unit": unit,
        "normal": {"min": low, "max": high},
        "direction": wear.direction,
        "noise": _rounded(min(noise, 0.5 * (max(ends) - min(ends)))),
        "ar1": round(ar1, 2),
        "limits": _limits(rows.every[name], ends, unit),
        "source": _source(rows.regimes),
    }
    if wear.failure is not None:
        failed = rows.failed
        modes = failed["failure_mode"].cat
        wanted = [list(modes.categories).index(mode) for mode in wear.modes]
        worn = modes.codes.isin(wanted).to_numpy()
        onset, law = _law(
            failed["life_fraction"].to_numpy()[worn], failed[name].to_numpy()[worn], wear.failure
        )
        sensor |= {"failure": wear.failure, "onset": onset, "law": law}
    return sensor


def _source(regimes: int) -> str:
    if regimes == 1:
        return INFERRED
    return f"{INFERRED}, as in the mean of {regimes} operating regimes"


def _residual(frame: pd.DataFrame, name: str) -> tuple[float, float]:
    """Standard deviation and lag-1 autocorrelation of an AR(1) residual around a slow trend.

    They follow from the variances of differences over one row and two rows, which a slow trend
    does not affect: v1 = 2·s²·(1 - r), v2 = 2·s²·(1 - r²).
    """
    values, units = frame[name].to_numpy(), frame["unit_id"].to_numpy()
    variances = []
    for lag in (1, 2):
        steps = (values[lag:] - values[:-lag])[units[lag:] == units[:-lag]]
        variances.append(float(np.var(steps)) if len(steps) else 0.0)
    one, two = variances
    if not one:
        return 0.0, 0.0
    correlation = float(np.clip(two / one - 1.0, 0.0, 0.95))
    return float(np.sqrt(one / (2 * (1 - correlation)))), correlation


def _limits(every: pd.Series[float], ends: Sequence[float], unit: str) -> dict[str, float]:
    lowest, highest = min(float(every.min()), *ends), max(float(every.max()), *ends)
    margin = 0.05 * (highest - lowest)
    low = lowest if _rests_at(every, lowest) else lowest - margin
    high = highest if _rests_at(every, highest) else highest + margin
    if lowest >= 0.0:
        low = max(low, 0.0)
    floor, ceiling = UNITS[unit].floor, UNITS[unit].ceiling
    if floor is not None:
        low = max(low, min(floor, lowest))
    if ceiling is not None:
        high = min(high, max(ceiling, highest))
    return {"min": low, "max": high}


def _rests_at(every: pd.Series[float], end: float) -> bool:
    """Whether readings accumulate at an end of the range: the sensor cannot read beyond it."""
    return bool((every == end).mean() >= RESTING)


def _law(fraction: Floats, readings: Floats, failure: float) -> tuple[float, str]:
    """Onset and degradation law that fit the mean path from healthy to failed best."""
    bins = np.minimum((fraction * _BINS).astype(int), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    seen = count > 0
    path = np.bincount(bins, readings, minlength=_BINS)[seen] / count[seen]
    at = np.bincount(bins, fraction, minlength=_BINS)[seen] / count[seen]
    healthy = path[at <= HEALTHY]
    start = float(np.mean(healthy)) if len(healthy) else float(path[0])
    if start == failure:
        return 0.0, "linear"
    way = (path - start) / (failure - start)
    candidates = [
        (float(np.square(law(np.clip((at - onset) / (1 - onset), 0, 1)) - way).sum()), onset, of)
        for of, law in FIXED_LAWS.items()
        for onset in _ONSETS
    ]
    _, onset, law = min(candidates, key=lambda candidate: candidate[0])
    return float(onset), law


def _failure_modes(failed: pd.DataFrame, wears: Mapping[str, _Wear]) -> list[dict[str, Any]]:
    wearing = [name for name, wear in wears.items() if wear.failure is not None]
    units = failed.groupby("unit_id")["failure_mode"].first().astype(str).value_counts(sort=False)
    return [
        {
            "name": mode,
            "share": float(count),
            "sensors": [name for name in wearing if mode in wears[name].modes] or wearing,
        }
        for mode, count in sorted(units.items())
    ]


def _rounded(value: float) -> float:
    """Rounded to six significant digits, as the data are not more precise."""
    return float(f"{value:.6g}")
