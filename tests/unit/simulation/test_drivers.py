"""Courses of load and surroundings, and sensors that follow them and each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from GAN.profiles.drivers import Ambient, Load, Maintenance
from GAN.profiles.profile import MachineProfile
from GAN.simulation.degradation import restored
from GAN.simulation.drivers import ambient_course, lagged, load_course, movement, own_bands
from GAN.simulation.physics import physics_seed
from tests.unit.simulation.driven_rig import COUPLINGS, with_drivers

HOURS = np.arange(0.0, 4 * 168.0, 0.25)
YEAR = np.arange(0.0, 8_760.0)


def load(pattern: str, hours: float) -> Load:
    return Load.model_validate({"pattern": pattern, "low": 0.4, "high": 1.0, "hours": hours})


@pytest.mark.parametrize(
    ("pattern", "hours"), [("continuous", 6), ("duty_cycle", 4), ("duty_cycle", 0.1), ("shifts", 9)]
)
def test_a_load_stays_in_its_range_and_uses_it(pattern: str, hours: float) -> None:
    course = load_course(load(pattern, hours), HOURS, 0.25, np.random.default_rng(0))

    assert course.shape == HOURS.shape
    assert -0.3 <= course.min() < -0.25
    assert 0.25 < course.max() <= 0.3


def test_a_machine_in_shifts_idles_at_night_and_at_weekends() -> None:
    course = load_course(load("shifts", 16), HOURS, 0.25, np.random.default_rng(0))
    day, hour = HOURS // 24 % 7, HOURS % 24
    works = (day < 5) & (hour >= 6) & (hour < 22)

    assert (course[~works] == -0.3).all()
    assert course[works].mean() == pytest.approx(0.0, abs=0.05)


def test_a_duty_cycle_has_phases_of_high_and_low_load_by_turns() -> None:
    course = load_course(load("duty_cycle", 4), HOURS, 0.25, np.random.default_rng(0))
    phases = course[np.flatnonzero(np.diff(course, prepend=np.nan))]

    assert (np.diff(np.sign(phases)) != 0).all()
    assert HOURS[-1] / len(phases) == pytest.approx(2.0, rel=0.1)


def test_a_continuous_load_forgets_its_level_in_the_given_time() -> None:
    hours = np.arange(0.0, 20_000.0)
    course = load_course(load("continuous", 6), hours, 1.0, np.random.default_rng(0))
    later = stats.spearmanr(course[:-6], course[6:]).statistic

    assert later == pytest.approx(np.exp(-1), abs=0.05)
    assert stats.kstest(course[::60] / 0.6 + 0.5, "uniform").pvalue > 0.01


def test_the_surroundings_are_warmest_on_summer_afternoons() -> None:
    course = ambient_course(Ambient(daily_amplitude=3, seasonal_amplitude=8), YEAR)
    warmest, coldest = int(course.argmax()), int(course.argmin())

    assert (course.max(), course.min()) == pytest.approx((11, -11), abs=0.05)
    assert (warmest % 24, coldest % 24) == (15, 3)
    assert 190 <= warmest // 24 <= 215
    assert 10 <= coldest // 24 <= 30
    assert course.mean() == pytest.approx(0, abs=0.01)


def test_a_lag_delays_a_step_by_its_time_constant() -> None:
    step = np.where(np.arange(200) < 100, 0.0, 1.0)
    behind = lagged(step, 0.1, 2.0)

    assert (behind[:100] == 0).all()
    assert behind[119] == pytest.approx(1 - np.exp(-1))
    assert lagged(np.full(5, 7.0), 0.1, 2.0) == pytest.approx(np.full(5, 7.0))


def test_sensors_follow_sensors_with_their_levels_and_noise(rig: MachineProfile) -> None:
    profile = with_drivers(
        rig, couplings=[COUPLINGS[0] | {"gain": 0.5}, COUPLINGS[2] | {"lag_hours": 0}]
    )
    rng = np.random.default_rng(0)
    own = np.array([2.0, 50.0, 100.0, 2.0, 25.0])
    noise = rng.normal(size=(len(HOURS), 5))
    moved = movement(profile, HOURS, own, noise, rng)

    middle = 22.5
    assert moved[:, 1] == pytest.approx(0.8 * (25.0 - middle + moved[:, 4] + noise[:, 4]))
    assert np.abs(moved[:, 4]).max() <= 3.5
    assert (moved[:, [0, 2, 3]] == 0).all()


def test_a_profile_without_drivers_draws_no_courses(rig: MachineProfile) -> None:
    rng = np.random.default_rng(0)
    moved = movement(rig, HOURS, np.zeros(5), np.ones((len(HOURS), 5)), rng)

    assert (moved == 0).all()
    assert rng.random() == np.random.default_rng(0).random()
    assert own_bands(rig).tolist() == [[s.normal.min, s.normal.max] for s in rig.sensors]


def test_the_normal_band_holds_what_units_and_drivers_do(rig: MachineProfile) -> None:
    content = with_drivers(rig, maintenance=None).model_dump()
    for sensor in content["sensors"]:
        sensor |= {"noise": 0.0, "onset": 0.9}
    content["rul"] |= {"rul_noise_std_hours": 0}
    profile = MachineProfile.model_validate(content)
    healthy = pd.concat([physics_seed(profile, 2_000, seed) for seed in range(20)])
    healthy = healthy[healthy["rul_hours"] > 0.2 * (healthy["cycle_hour"] + healthy["rul_hours"])]

    for sensor in profile.sensors:
        low, high = healthy[sensor.name].min(), healthy[sensor.name].max()
        band, slack = sensor.normal, 1e-9
        assert band.min - slack <= low < band.min + 0.15 * (band.max - band.min)
        assert band.max + slack >= high > band.max - 0.15 * (band.max - band.min)


def test_a_failed_unit_reads_its_failure_value_but_for_what_moves_it(rig: MachineProfile) -> None:
    ends = pd.concat(
        [
            physics_seed(with_drivers(rig), 2_000, seed).groupby("unit_id").tail(1)
            for seed in range(20)
        ]
    )
    seal, bearing = (ends[ends["failure_mode"] == mode] for mode in ("seal", "bearing"))

    assert seal["flow"].mean() == pytest.approx(78, abs=1.5)
    assert seal["flow"].std() > 2
    assert bearing["bearing_temperature"].mean() == pytest.approx(90, abs=2.5)
    assert bearing["bearing_temperature"].std() > 2


def test_maintenance_takes_back_wear_until_the_next_one() -> None:
    hours = np.linspace(0, 1_000, 1_001)
    path = hours / 1_000
    plan = Maintenance(every_hours=300, restores=0.5, sensors=("flow",))
    kept = restored(path, hours, plan)

    assert (kept[:300] == path[:300]).all()
    assert kept[[300, 600, 900]] == pytest.approx([0.15, 0.3, 0.45])
    assert kept[[299, 599, 899, 1_000]] == pytest.approx(path[[299, 599, 899, 1_000]], abs=0.003)
    assert kept[-1] == 1.0
    assert (kept <= path).all()


def test_maintenance_of_a_profile_restores_the_sensors_that_it_names(rig: MachineProfile) -> None:
    maintenance = {"every_hours": 100, "restores": 0.8, "sensors": ["seal_leak"]}
    falls = []
    for given in (maintenance, None):
        profile = with_drivers(rig, maintenance=given)
        lives = pd.concat([physics_seed(profile, 10_000, seed) for seed in range(5)])
        later = lives[lives["cycle_hour"] > 100]
        before = later["seal_leak"].shift(3)
        now = later["cycle_hour"] % 100 < later["cycle_hour"].diff()
        falls.append((before - later["seal_leak"])[now & (before > 8)].mean())

    assert falls[0] > 5
    assert falls[1] < 1
