"""A predictor of one machine type: learnt from whole lives, asked about units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.regimes import Regimes, find_regimes
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.features import Followed, features, follow, lively_sensors
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
from GAN.prognosis.training_rows import TrainingRows, with_units

if TYPE_CHECKING:
    import pandas as pd


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
        cls,
        profile: MachineProfile,
        lives: pd.DataFrame,
        step_hours: float,
        seed: int = 0,
        unfailed: pd.DataFrame | None = None,
        sensor_forecast: bool = True,
    ) -> Predictor:
        """Learn from whole lives.

        See `TrainingRows` for which of their rows.

        Args:
            profile: The machine type.
            lives: unit_id, cycle_hour and rul_hours (hours), failure_mode, and the sensors.
            step_hours: Time step between the rows, hours.
            seed: Draws what is missing.
            unfailed: Units that had not failed at their last reading, in the same columns. Novelty
                and the sensor forecast learn from them too.
            sensor_forecast: Whether to learn it; it takes a quarter of the time.
        """
        frame = lives.sort_values(["unit_id", "cycle_hour"], kind="stable").reset_index(drop=True)
        sensors = SensorArrays.of(profile, step_hours)
        regimes, no_forecast = find_regimes(frame, profile)
        frame = regimes.of_frame(frame, sensors.names)
        lively = lively_sensors(frame, sensors)
        learnt = TrainingRows.of(frame, sensors, lively, np.random.default_rng(seed))
        rows, rul, units, evenly = learnt.rows, learnt.rul, learnt.units, learnt.evenly
        model, unseen = RulModel.fit(rows, rul, learnt.hours, units, evenly)
        horizon = PLANNING_SHARE * sensors.longest_life
        modes = FailureModeModel.fit(rows, learnt.modes, rul, units, horizon)
        code = np.searchsorted(modes.modes, learnt.modes.astype(str))
        watched, followed, forecast = frame, learnt.whole, unseen[learnt.of_whole]
        if unfailed is not None and len(unfailed):
            others = regimes.of_frame(unfailed, sensors.names)
            watched, followed, hours = with_units(watched, followed, others, sensors, lively)
            new = followed.rows[len(forecast) :]
            forecast = np.append(forecast, model.quantiles(new, hours)[:, MEDIAN])
        return cls(
            profile=profile,
            sensors=sensors,
            regimes=regimes,
            no_forecast=no_forecast,
            lively=lively,
            rul=model,
            modes=modes,
            novelty=NoveltyModel.fit(watched, sensors, lively, healthy_share(profile)),
            past=PastLives.of(
                rows[evenly], rul[evenly], units[evenly], code[evenly], len(sensors.names)
            ),
            forecast=SensorForecast.fit(watched, followed, forecast, sensors)
            if sensor_forecast
            else None,
            lives=np.sort(frame.groupby("unit_id")["cycle_hour"].max().to_numpy(np.float64)),
        )

    def follow(self, frame: pd.DataFrame, kept: NDArray[np.bool_] | None = None) -> Followed:
        """The features of whole lives as this predictor sees them; arguments as in `follow`."""
        standardised = self.regimes.of_frame(frame, self.sensors.names)
        return follow(standardised, self.sensors, kept, lively=self.lively)

    def predict(
        self,
        condition: Condition,
        units: NDArray[np.intp],
        names: Sequence[str],
        false_alarms_per_1000_hours: float = 1.0,
        explained: NDArray[np.bool_] | None = None,
    ) -> list[Prediction]:
        """Predict some units at their newest readings.

        Args:
            condition: Their condition.
            units: Indices of units in it, shape (n,).
            names: Their names.
            false_alarms_per_1000_hours: Accepted rate of false alarms of novelty.
            explained: Units whose prediction gets an outlook and reasons, shape (n,); None: all.
                These take most of the time.
        """
        s, count = self.sensors, len(self.sensors.names)
        rows = features(condition, units, self.lively)
        age, used = condition.hours[units], rows[:, :count]
        strangeness, widened, places = self.past.compare(rows)
        quantiles = self.rul.quantiles(rows, age, widened)
        within = probability_within(quantiles, self.planning_hours)
        shares = self.modes.probabilities(rows, within).tolist()
        soon = probability_within(quantiles, 24.0).tolist()
        novelty, limit = self.novelty.score(used), self.novelty.limit(false_alarms_per_1000_hours)
        health = health_index(used, s.wearing).tolist()
        silent, stuck = condition.silent(units), condition.stuck(units, self.lively)
        reasoned = self._explanations(
            rows,
            age,
            quantiles,
            np.arange(len(units)) if explained is None else np.flatnonzero(explained),
            [
                _unknown(strange, *self._lost(silent[n], stuck[n]))
                for n, strange in enumerate(strangeness.tolist())
            ],
            places,
            condition.baseline(units),
        )
        modes = ("healthy", *self.modes.modes)
        every = quantiles.tolist()
        strange, wide, new, ages = (each.tolist() for each in (strangeness, widened, novelty, age))
        predictions = []
        for n, name in enumerate(names):
            lost, still = self._lost(silent[n], stuck[n])
            levels = every[n]
            predictions.append(
                Prediction(
                    unit=name,
                    age_hours=ages[n],
                    based_on=READINGS,
                    rul_hours=levels[MEDIAN],
                    rul_low_hours=levels[LOW],
                    rul_high_hours=levels[HIGH],
                    rul_quantiles=tuple(levels),
                    probability_24h=soon[n],
                    planning_hours=self.planning_hours,
                    probabilities=dict(zip(modes, shares[n], strict=True)),
                    novelty=new[n],
                    novelty_limit=limit,
                    strangeness=strange[n],
                    widened=wide[n],
                    health=None if np.isnan(health[n]) else health[n],
                    silent_sensors=lost,
                    stuck_sensors=still,
                    **reasoned.get(n, {}),
                )
            )
        return predictions

    def _lost(
        self, silent: NDArray[np.bool_], stuck: NDArray[np.bool_]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of silent and of stuck sensors of a unit."""
        if not (silent.any() or stuck.any()):
            return (), ()
        names = self.sensors.names
        return (
            tuple(names[index] for index in np.flatnonzero(silent)),
            tuple(names[index] for index in np.flatnonzero(stuck & ~silent)),
        )

    def _explanations(
        self,
        rows: Floats,
        age: Floats,
        quantiles: Floats,
        chosen: NDArray[np.intp],
        unknown: Sequence[Sequence[str]],
        places: NDArray[np.intp],
        baselines: Floats,
    ) -> dict[int, dict[str, Any]]:
        """Outlook and reasons of some of the rows, by place of the row."""
        if not len(chosen):
            return {}
        s, count = self.sensors, len(self.sensors.names)
        parts, usual = self.rul.contributions(rows[chosen], age[chosen])
        by = hours_by_sensor(parts, rows[chosen], s)
        outlook = self._outlook(rows[chosen], quantiles[chosen, MEDIAN], baselines[chosen])
        found = {}
        for place, n in enumerate(chosen.tolist()):
            why = reasons(by[place], rows[n, :count], s.names)
            expected = float(usual[place])
            median, low, high = (float(quantiles[n, level]) for level in (MEDIAN, LOW, HIGH))
            found[n] = {
                "outlook": outlook[place],
                "reasons": why,
                "usual_hours": expected,
                "similar_lives": tuple(self.past.lives(places[n], self.modes.modes)),
                "sentence": sentence(median, low, high, expected, why, s.longest_life, unknown[n]),
            }
        return found

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
        # Lists of floats at once: one by one they take longer than the forecast itself.
        low, middle, high = np.sort(readings, axis=-1).transpose(3, 0, 2, 1).tolist()
        alarm = np.where(np.isfinite(to_alarm), to_alarm, -1.0).tolist()
        known = ~np.isnan(rows[:, wearing])
        hours = tuple((HORIZONS * s.longest_life).tolist())
        names = [s.names[index] for index in wearing]
        return [
            tuple(
                SensorOutlook(
                    names[k],
                    hours,
                    tuple(low[n][k]),
                    tuple(middle[n][k]),
                    tuple(high[n][k]),
                    alarm[n][k] if alarm[n][k] >= 0 else None,
                )
                for k in np.flatnonzero(known[n])
            )
            for n in range(len(rows))
        ]


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
