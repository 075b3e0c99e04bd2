"""A predictor of one machine type: learnt from whole lives, asked about units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.features import (
    Followed,
    features,
    follow,
    lively_sensors,
    thinned,
)
from GAN.prognosis.condition.regimes import Regimes, find_regimes
from GAN.prognosis.condition.running import Condition
from GAN.prognosis.condition.sensors import Floats, SensorArrays
from GAN.prognosis.heads.error_distribution import HIGH, LOW, MEDIAN, probability_within
from GAN.prognosis.heads.explanation import hours_by_sensor, reasons, sentence
from GAN.prognosis.heads.failure_mode import FailureModeModel
from GAN.prognosis.heads.health_index import health_index
from GAN.prognosis.heads.novelty import NoveltyModel, healthy_share
from GAN.prognosis.heads.rul import RulModel
from GAN.prognosis.heads.sensor_forecast import HORIZONS, SensorForecast, hours_to_alarm
from GAN.prognosis.heads.similar_lives import STRANGE, PastLives
from GAN.prognosis.prediction import PLANNING_SHARE, READINGS, Prediction, SensorOutlook

if TYPE_CHECKING:
    import pandas as pd

#: About this many rows are learnt; more buy little.
_ROWS = 4_000
#: The last part of each life is learnt from so many times more rows: there hours matter most.
_NEAR_FAILURE, _DENSER = 0.1, 4
#: Units that are first seen in mid-life: the largest share of life without readings.
_LATEST_FIRST_SIGHT = 0.8


@dataclass(frozen=True)
class Predictor:
    """All heads of a machine type.

    Attributes:
        profile: The machine type that it was trained for.
        regimes: Operating regimes, within which readings are standardised.
        no_forecast: Why no RUL can be given; None if it can. Then only lifetimes are used.
        lively: Sensors whose readings change all the time in sound lives, shape (sensors,).
        lives: Lengths of the lives that it learnt from, hours, ascending.
        forecast: None if no sensor wears.
    """

    profile: MachineProfile
    sensors: SensorArrays
    regimes: Regimes
    no_forecast: str | None
    lively: NDArray[np.bool_]
    rul: RulModel
    modes: FailureModeModel
    novelty: NoveltyModel
    past: PastLives
    forecast: SensorForecast | None
    lives: Floats

    @property
    def planning_hours(self) -> float:
        """The planning horizon, hours."""
        return PLANNING_SHARE * self.sensors.longest_life

    @classmethod
    def fit(
        cls, profile: MachineProfile, lives: pd.DataFrame, step_hours: float, seed: int = 0
    ) -> Predictor:
        """Learn from whole lives.

        Every life is learnt twice: as it is, and as if it was first seen at a random time of it,
        every other one with one or two sensors missing.

        Args:
            profile: The machine type.
            lives: unit_id, cycle_hour and rul_hours (hours), failure_mode, and the sensors.
            step_hours: Time step between the rows, hours.
            seed: Draws what is missing.
        """
        frame = lives.sort_values(["unit_id", "cycle_hour"], kind="stable").reset_index(drop=True)
        sensors = SensorArrays.of(profile, step_hours)
        regimes, no_forecast = find_regimes(frame, sensors)
        frame = regimes.of_frame(frame, sensors)
        lively = lively_sensors(frame, sensors)
        every = max(1, len(frame) // _ROWS)
        even, kept = _learnt_rows(frame, every)
        whole = follow(frame, sensors, kept, lively=lively)
        partly_even, partly_kept = _learnt_rows(frame, 2 * every)
        rng = np.random.default_rng(seed)
        partly = _seen_partly(frame, sensors, partly_kept, lively, rng)
        at = np.concatenate([whole.positions, partly.positions])
        of_whole = even[whole.positions]
        evenly = np.concatenate([of_whole, partly_even[partly.positions]])
        rows = np.concatenate([whole.rows, partly.rows])
        hours, rul = (frame[name].to_numpy(np.float64) for name in ("cycle_hour", "rul_hours"))
        units, modes = frame["unit_id"].to_numpy(np.intp), frame["failure_mode"].to_numpy()
        model, unseen = RulModel.fit(rows, rul[at], hours[at], units[at], evenly)
        horizon = PLANNING_SHARE * sensors.longest_life
        mode_model = FailureModeModel.fit(rows, modes[at], rul[at], units[at], horizon)
        code = np.searchsorted(mode_model.modes, modes[at].astype(str))
        return cls(
            profile=profile,
            sensors=sensors,
            regimes=regimes,
            no_forecast=no_forecast,
            lively=lively,
            rul=model,
            modes=mode_model,
            novelty=NoveltyModel.fit(frame, sensors, lively, healthy_share(profile)),
            past=PastLives.of(
                rows[evenly], rul[at][evenly], units[at][evenly], code[evenly], len(sensors.names)
            ),
            forecast=SensorForecast.fit(
                frame, whole.at(of_whole), unseen[: len(whole.rows)][of_whole], sensors
            ),
            lives=np.sort(frame.groupby("unit_id")["cycle_hour"].max().to_numpy(np.float64)),
        )

    def follow(self, frame: pd.DataFrame, kept: NDArray[np.bool_] | None = None) -> Followed:
        """The features of whole lives as this predictor sees them; arguments as in `follow`."""
        standardised = self.regimes.of_frame(frame, self.sensors)
        return follow(standardised, self.sensors, kept, lively=self.lively)

    def predict(
        self,
        condition: Condition,
        units: NDArray[np.intp],
        names: Sequence[str],
        false_alarms_per_1000_hours: float = 1.0,
    ) -> list[Prediction]:
        """Predict some units at their newest readings.

        Args:
            condition: Their condition.
            units: Indices of units in it, shape (n,).
            names: Their names.
            false_alarms_per_1000_hours: Accepted rate of false alarms of novelty.
        """
        s, count = self.sensors, len(self.sensors.names)
        rows = features(condition, units, self.lively)
        age, used = condition.hours[units], rows[:, :count]
        strangeness, widened, places = self.past.compare(rows)
        parts, usual, members = self.rul.contributions(rows, age)
        quantiles = self.rul.quantiles(rows, age, widened, members)
        within = probability_within(quantiles, self.planning_hours)
        shares = self.modes.probabilities(rows, within)
        soon = probability_within(quantiles, 24.0)
        by = hours_by_sensor(parts, rows, s)
        novelty, limit = self.novelty.score(used), self.novelty.limit(false_alarms_per_1000_hours)
        health = health_index(used, s.wearing)
        silent, stuck = condition.silent(units), condition.stuck(units, self.lively)
        outlook = self._outlook(rows, quantiles[:, MEDIAN], condition.baseline(units))
        predictions = []
        for n, name in enumerate(names):
            why = reasons(by[n], used[n], s.names)
            lost = tuple(s.names[index] for index in np.flatnonzero(silent[n]))
            still = tuple(s.names[index] for index in np.flatnonzero(stuck[n] & ~silent[n]))
            median, low, high = (float(quantiles[n, place]) for place in (MEDIAN, LOW, HIGH))
            unknown = _unknown(float(strangeness[n]), lost, still)
            predictions.append(
                Prediction(
                    unit=name,
                    age_hours=float(age[n]),
                    based_on=READINGS,
                    rul_hours=median,
                    rul_low_hours=low,
                    rul_high_hours=high,
                    probability_24h=float(soon[n]),
                    planning_hours=self.planning_hours,
                    probabilities=dict(
                        zip(("healthy", *self.modes.modes), map(float, shares[n]), strict=True)
                    ),
                    novelty=float(novelty[n]),
                    novelty_limit=limit,
                    strangeness=float(strangeness[n]),
                    widened=float(widened[n]),
                    health=None if np.isnan(health[n]) else float(health[n]),
                    silent_sensors=lost,
                    stuck_sensors=still,
                    outlook=outlook[n],
                    reasons=why,
                    usual_hours=float(usual[n]),
                    similar_lives=tuple(self.past.lives(places[n], self.modes.modes)),
                    sentence=sentence(
                        median, low, high, float(usual[n]), why, s.longest_life, unknown
                    ),
                )
            )
        return predictions

    def _outlook(
        self, rows: Floats, rul: Floats, baselines: Floats
    ) -> list[tuple[SensorOutlook, ...]]:
        s, wearing = self.sensors, self.sensors.wearing
        if self.forecast is None:
            return [()] * len(rows)
        ahead = self.forecast.used_ahead(rows, rul, s)
        to_alarm = hours_to_alarm(rows[:, wearing], ahead, baselines, s)
        way, base = s.way(baselines)[:, wearing], baselines[:, wearing]
        readings = base[:, None, :, None] + way[:, None, :, None] * ahead[..., [LOW, MEDIAN, HIGH]]
        readings = np.sort(readings, axis=-1)
        hours = _floats(HORIZONS * s.longest_life)
        return [
            tuple(
                SensorOutlook(
                    s.names[index],
                    hours,
                    _floats(readings[n, :, number, 0]),
                    _floats(readings[n, :, number, 1]),
                    _floats(readings[n, :, number, 2]),
                    float(to_alarm[n, number]) if np.isfinite(to_alarm[n, number]) else None,
                )
                for number, index in enumerate(wearing)
                if not np.isnan(rows[n, index])
            )
            for n in range(len(rows))
        ]


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _unknown(strangeness: float, silent: Sequence[str], stuck: Sequence[str]) -> list[str]:
    """What the predictor does not know, in words."""
    found = []
    if strangeness > STRANGE:
        found.append("This condition is unlike all past lives, so the interval is widened")
    if silent:
        found.append(f"No recent reading of {', '.join(silent)}")
    if stuck:
        found.append(f"Stuck at one reading: {', '.join(stuck)}")
    return found


def _learnt_rows(frame: pd.DataFrame, every: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows that are spread evenly, and these with more rows from near the end of each life."""
    rul, age = (frame[name].to_numpy(np.float64) for name in ("rul_hours", "cycle_hour"))
    even, dense = thinned(frame, every), thinned(frame, max(1, every // _DENSER))
    return even, even | (dense & (rul < _NEAR_FAILURE * (rul + age)))


def _seen_partly(
    frame: pd.DataFrame,
    sensors: SensorArrays,
    kept: NDArray[np.bool_],
    lively: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Followed:
    """The lives as if they were first seen later, every other one without one or two sensors."""
    first = np.unique(frame["unit_id"].to_numpy(), return_index=True)[1]
    lives = frame.groupby("unit_id")["cycle_hour"].max().to_numpy(np.float64)
    begins = frame["cycle_hour"].to_numpy(np.float64)[first]
    readings = frame[list(sensors.names)].to_numpy(np.float64)
    count = len(sensors.names)
    for begin, end in zip(first, np.append(first[1:], len(frame)), strict=True):
        if count > 1 and rng.random() < 0.5:
            lost = rng.choice(count, min(int(rng.integers(1, 3)), count - 1), replace=False)
            readings[begin:end, lost] = np.nan
    seen = begins + rng.uniform(0.0, _LATEST_FIRST_SIGHT, len(lives)) * (lives - begins)
    blinded = frame.assign(**{name: readings[:, n] for n, name in enumerate(sensors.names)})
    return follow(blinded, sensors, kept, skipped=seen, lively=lively)
