"""What a prediction costs: one unit, a fleet of 32 with a predictor each, thousands of one type.

`python -m benchmarks.prognosis.speed` prints CPU milliseconds on one core, medians of several runs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.prognosis.machines import LEARNT, LEARNT_SEED
from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.catalogue import fleet_profile
from GAN.prognosis import predictor_file
from GAN.prognosis.condition.features import features
from GAN.prognosis.condition.running import Condition
from GAN.prognosis.heads.error_distribution import probability_within
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.training_lives import simulated_lives

#: Predictors of these machines stand for those of the whole fleet.
MACHINES = (
    "motor_siemens_1la7_001",
    "pump_ksb_etanorm_006",
    "turbofan_cfm56_7b_001",
    "cnc_haas_vf2_001",
)
FLEET, MANY = 32, 5_000


class Units:
    """Some healthy units of one type."""

    def __init__(self, predictor: Predictor, count: int) -> None:
        self.predictor, self.condition = predictor, Condition(predictor.sensors, count)
        self.names = [str(number) for number in range(count)]
        self._rng, self._hour = np.random.default_rng(0), 0.0
        for _ in range(60):
            self.read()

    def read(self) -> None:
        """Take a row of readings of every unit."""
        sensors, count = self.predictor.sensors, len(self.names)
        middle, half = (sensors.low + sensors.high) / 2, (sensors.high - sensors.low) / 2
        readings = middle + 0.5 * half * self._rng.standard_normal((count, len(middle)))
        hours: NDArray[np.float64] = np.full(count, self._hour)
        self.condition.update(self.condition.every_unit, hours, readings)
        self._hour += sensors.step_hours

    def forecast(self) -> None:
        """RUL, failure mode and anomaly, without the sensor forecast and explanations."""
        p, units = self.predictor, self.condition.every_unit
        rows, age = features(self.condition, units, p.lively), self.condition.hours[units]
        _, widened, _ = p.past.compare(rows)
        quantiles = p.rul.quantiles(rows, age, widened)
        p.modes.probabilities(rows, probability_within(quantiles, p.planning_hours))
        p.novelty.score(rows[:, : len(p.sensors.names)])

    def predict(self) -> None:
        """All four predictions with their explanations."""
        self.predictor.predict(self.condition, self.condition.every_unit, self.names)


def cpu_ms(action: Callable[[], object], times: int) -> float:
    """Median CPU milliseconds of an action."""
    found = []
    for _ in range(times):
        began = time.process_time()
        action()
        found.append(1000 * (time.process_time() - began))
    return float(np.median(found))


def measured() -> dict[str, float]:
    """All costs."""
    found: dict[str, float] = {}
    predictors, training, kilobytes = [], [], []
    for machine_id in MACHINES:
        profile = fleet_profile(machine_id)
        lives = simulated_lives(profile, LEARNT, LEARNT_SEED)
        began = time.process_time()
        predictors.append(Predictor.fit(profile, lives, time_step_of(lives)))
        training.append(time.process_time() - began)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "predictor.zip"
            predictor_file.save(predictors[-1], path)
            kilobytes.append(path.stat().st_size / 1000)
            found["loading a file, ms"] = cpu_ms(partial(predictor_file.load, path), 5)
    found["one training, CPU s, mean"] = float(np.mean(training))
    found["one training, CPU s, most"] = float(np.max(training))
    found["file, kB, most"] = float(np.max(kilobytes))
    one = Units(predictors[0], 1)
    found["one unit: readings, ms"] = cpu_ms(one.read, 50)
    found["one unit: predictions, ms"] = cpu_ms(one.predict, 50)
    fleet = [Units(predictors[number % len(predictors)], 1) for number in range(FLEET)]

    def each(action: Callable[[Units], None]) -> None:
        for units in fleet:
            action(units)

    found["fleet of 32: readings, ms"] = cpu_ms(partial(each, Units.read), 10)
    found["fleet of 32: RUL, mode, anomaly, ms"] = cpu_ms(partial(each, Units.forecast), 10)
    found["fleet of 32: all predictions, ms"] = cpu_ms(partial(each, Units.predict), 10)
    many = Units(predictors[0], MANY)
    found["5,000 units of a type: readings, ms"] = cpu_ms(many.read, 5)
    found["5,000 units of a type: predictions, ms"] = cpu_ms(many.predict, 3)
    found["5,000 units of a type: RUL, mode, anomaly, ms"] = cpu_ms(many.forecast, 3)
    milliseconds = found["5,000 units of a type: predictions, ms"]
    found["units predicted in a second"] = 1000 * MANY / milliseconds
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = measured()
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, value in found.items():
        print(f"{name:46} {value:10,.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
