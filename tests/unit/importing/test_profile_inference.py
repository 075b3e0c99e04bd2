"""The inferred profile of a machine without one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.importing.profile_inference import derive_profile
from GAN.profiles.loading import parse_profile
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import physics_seed
from tests.unit.importing.samples import lives, made, problems


def derived(frame: pd.DataFrame, units: dict[str, str] | None = None) -> MachineProfile:
    return derive_profile("pump_new_1", made(frame), units or {}, "the file")


@pytest.fixture(scope="module")
def of_rig(rig: MachineProfile) -> MachineProfile:
    """What is derived from many lives of the rig."""
    many = rig.model_copy(update={"rul": rig.rul.model_copy(update={"cycles_per_dataset": 20})})
    return derived(physics_seed(many, rows=8_000, seed=1), {"flow": "m3/h"})


def test_it_has_the_direction_of_each_sensor(rig: MachineProfile, of_rig: MachineProfile) -> None:
    assert [sensor.name for sensor in of_rig.sensors] == [sensor.name for sensor in rig.sensors]
    for found, true in zip(of_rig.sensors, rig.sensors, strict=True):
        assert found.direction == true.direction, found.name
        assert found.normal.min < true.normal.max
        assert found.normal.max > true.normal.min
        if found.failure is not None and true.failure is not None:
            span = abs(true.failure - true.normal.max)
            assert abs(found.failure - true.failure) < 0.35 * span, found.name


def test_it_has_the_noise_of_each_sensor(rig: MachineProfile, of_rig: MachineProfile) -> None:
    smooth = {sensor.name for sensor in rig.sensors if sensor.law not in ("gamma", "wiener")}
    for found, true in zip(of_rig.sensors, rig.sensors, strict=True):
        if found.name in smooth:
            assert found.noise == pytest.approx(true.noise, rel=0.25), found.name
            assert found.ar1 == pytest.approx(true.ar1, abs=0.15), found.name


def test_it_knows_the_failure_modes_and_what_drives_them(of_rig: MachineProfile) -> None:
    modes = {mode.name: set(mode.sensors) for mode in of_rig.failure_modes}
    assert set(modes) == {"bearing", "seal"}
    assert "vibration_rms" in modes["bearing"]
    assert "seal_leak" in modes["seal"]
    assert "seal_leak" not in modes["bearing"]


def test_every_reading_and_every_life_fits(rig_seed: pd.DataFrame) -> None:
    profile = derived(rig_seed)
    for sensor in profile.sensors:
        limits = sensor.physical_limits
        assert rig_seed[sensor.name].between(limits.min, limits.max).all()
    longest = (rig_seed["cycle_hour"] + rig_seed["rul_hours"]).max()
    assert profile.life.max_rul_hours == pytest.approx(longest)


def test_readings_of_units_that_had_not_failed_fit_too(rig_seed: pd.DataFrame) -> None:
    """Else the import would refuse the file from which it derived the profile."""
    other = rig_seed["unit_id"] == 2
    frame = rig_seed.assign(failed=~other, flow=rig_seed["flow"] + 60.0 * other)
    frame = frame.drop(columns="rul_hours")
    profile = derived(frame)
    assert made(frame, profile).left_out == ("2",)


def test_what_never_read_below_zero_cannot_and_where_readings_rest_the_scale_ends() -> None:
    frame = lives(units=20, rows=50)
    wave = pd.Series(np.random.default_rng(0).normal(size=len(frame)))
    signed, valve = 2 * wave - 0.5, (90 + 10 * wave).clip(upper=100)
    rare = np.where(frame.index == 7, 60.0, 50 + wave)
    drops = (frame["cycle"] - 40.0).clip(lower=0)
    profile = derived(frame.assign(signed=signed, valve=valve, rare=rare, drops=drops))
    limits = {sensor.name: sensor.physical_limits for sensor in profile.sensors}
    assert limits["wear"].min == 0
    assert limits["signed"].min < signed.min()
    assert limits["valve"].max == 100
    assert limits["valve"].min < valve.min()
    assert limits["rare"].max > 60
    assert limits["drops"].min == 0


def test_it_can_be_written_read_and_simulated(of_rig: MachineProfile) -> None:
    text = of_rig.model_dump_json(exclude_none=True)
    assert parse_profile(text.encode(), "derived", ".json") == of_rig
    frame = physics_seed(of_rig, rows=1_000)
    assert np.isfinite(frame.drop(columns="failure_mode").to_numpy()).all()


def test_units_are_those_of_the_mapping_or_none(of_rig: MachineProfile) -> None:
    assert {sensor.name: sensor.unit for sensor in of_rig.sensors} == {
        "vibration_rms": "1",
        "bearing_temperature": "1",
        "flow": "m3/h",
        "seal_leak": "1",
        "ambient": "1",
    }


def test_cycles_count_as_hours_and_short_lives_are_no_obstacle() -> None:
    profile = derived(lives(units=40, rows=20))
    assert profile.life.max_rul_hours == 50
    assert profile.failure_modes[0].name == "failure"


def test_the_spread_of_few_lives_lies_between_theirs_and_the_usual_one() -> None:
    """The usual shape of a pump's lives is 2.1; the steeper, the more alike lives are."""
    shapes = [
        derived(lives(units=units, rows=2_000 // units)).life.weibull_shape for units in (1, 3, 25)
    ]
    assert shapes[0] == pytest.approx(2.1, rel=1e-3)
    assert shapes[0] < shapes[1] < shapes[2]
    assert shapes[2] > 10


def test_the_best_degradation_law_and_onset_are_found() -> None:
    frame = lives(units=20, rows=100)
    late = np.clip((frame["cycle"] / 99 - 0.5) / 0.5, 0, 1)
    noise = np.random.default_rng(0).normal(0, 0.05, len(frame))
    profile = derived(frame.assign(wear=20 - 10 * late + noise))
    (sensor,) = profile.sensors
    assert (sensor.direction, sensor.law, sensor.onset) == ("falling", "linear", 0.5)


def test_sensors_that_vary_much_are_judged_by_a_narrower_band() -> None:
    frame = lives(units=40, rows=30)
    of_unit = frame["unit"] % 10 * 2.0
    profile = derived(frame.assign(wear=of_unit + 8.0 * frame["cycle"] / 29))
    assert profile.sensors[0].direction == "rising"


def test_data_in_which_nothing_wears_are_refused() -> None:
    noise = np.random.default_rng(0).normal(0, 1, 600)
    frame = lives(units=20, rows=30).assign(wear=noise)
    assert "no sensor ends a life" in problems(lambda: derived(frame))["sensors"].message


def test_lives_in_seconds_are_refused() -> None:
    frame = lives(units=20, rows=30).assign(cycle=lambda f: f["cycle"] * 100_000)
    assert problems(lambda: derived(frame))["cycle_hour"].advice.startswith(
        "give the time in hours"
    )
