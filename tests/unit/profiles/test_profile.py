"""What a machine profile must and may say."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from GAN.config.rul_profiles import RUL_PROFILES
from GAN.profiles.profile import (
    MACHINE_ID_PATTERN,
    RESERVED_NAMES,
    MachineProfile,
    Sensor,
    name_problems,
)

SENSOR = {
    "name": "bearing_temperature",
    "unit": "degC",
    "normal": {"min": 45, "max": 70},
    "failure": 95,
    "direction": "rising",
    "noise": 0.7,
}


def profile(**changes: Any) -> MachineProfile:
    content = {
        "machine_id": "motor_example_001",
        "machine_type": "motor",
        "manufacturer": "Example",
        "model": "EX-1",
        "sensors": [SENSOR],
        "failure_modes": [{"name": "bearing_wear", "sensors": ["bearing_temperature"]}],
    }
    return MachineProfile.model_validate({**content, **changes})


def sensor(**changes: Any) -> Sensor:
    return Sensor.model_validate({**SENSOR, **changes})


def complaints(error: ValidationError) -> set[tuple[str, str]]:
    """Where pydantic found something, and how the schema put it."""
    return {
        (".".join(str(part) for part in (*detail["loc"], problem.path) if part != ""), str(problem))
        for detail in error.errors()
        for problem in detail["ctx"]["problems"]
    }


def test_the_smallest_profile_gets_its_categorys_life() -> None:
    assert profile().life == RUL_PROFILES["motor"]


def test_own_rul_settings_override_the_categorys() -> None:
    life = profile(rul={"max_rul_hours": 2000, "weibull_shape": 3}).life

    assert life == RUL_PROFILES["motor"]._replace(max_rul_hours=2000, weibull_shape=3)


def test_an_unknown_type_gets_the_category_its_id_starts_with() -> None:
    assert profile(machine_id="cooling_tower_9", machine_type="tower").category == "cooling_tower"


def test_a_machine_of_no_category_gets_generic_settings() -> None:
    assert profile(machine_id="mill_3", machine_type="mill").life == RUL_PROFILES["generic"]


@given(
    st.from_regex(MACHINE_ID_PATTERN, fullmatch=True)
    | st.text(alphabet="ab09_-A./ é\n٣", max_size=8)
    | st.text(alphabet="a_", min_size=95, max_size=105)
)
def test_ids_are_accepted_exactly_when_they_match_the_pattern(machine_id: str) -> None:
    right = (
        bool(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", machine_id)) and 3 <= len(machine_id) <= 100
    )

    try:
        profile(machine_id=machine_id)
    except ValidationError:
        accepted = False
    else:
        accepted = True

    assert accepted == right


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_no_sensor_takes_the_name_of_a_computed_column(name: str) -> None:
    with pytest.raises(ValidationError, match="computed column"):
        sensor(name=name)


@pytest.mark.parametrize(
    ("unit", "advice"), [("celsius", "degC"), ("°C", "degC"), ("Bar", "bar"), ("Nm", "N.m")]
)
def test_an_unknown_unit_is_answered_with_the_nearest_known_one(unit: str, advice: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(f"unknown unit '{unit}'; write {advice}")):
        sensor(unit=unit)


@pytest.mark.parametrize(
    ("field", "changes", "words"),
    [
        ("failure", {"failure": 70}, "70 is not above the normal band"),
        ("failure", {"direction": "falling"}, "95 is not below the normal band"),
        ("failure", {"direction": "steady"}, "a steady sensor has no failure value"),
        ("failure", {"failure": None}, "missing for a rising sensor"),
        ("noise", {"noise": 51}, "51 is larger than the signal, which spans 50"),
        ("limits", {"limits": {"min": 0, "max": 90}}, "0..90 exclude readings the sensor has"),
        ("normal.max", {"normal": {"min": 9, "max": 9}}, "9 is not above min 9"),
    ],
)
def test_values_of_a_sensor_must_be_consistent(
    field: str, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        sensor(**changes)

    assert [(where, words in what) for where, what in complaints(caught.value)] == [(field, True)]


def test_one_wrong_field_does_not_hide_the_others() -> None:
    with pytest.raises(ValidationError) as caught:
        sensor(unit="furlong", failure=50, limits={"min": 5, "max": 1})

    assert {where for where, _ in complaints(caught.value)} == {"unit", "failure", "limits.max"}


def test_a_failing_mode_must_name_a_sensor_that_wears() -> None:
    steady = {**SENSOR, "name": "ambient", "direction": "steady", "failure": None}

    with pytest.raises(ValidationError, match="'ambient' is not a rising or falling sensor"):
        profile(
            sensors=[SENSOR, steady],
            failure_modes=[{"name": "wear", "sensors": ["bearing_temperature", "ambient"]}],
        )


def test_names_used_twice_are_all_found() -> None:
    problems = name_problems(
        [("a", "rising"), ("b", "rising"), ("a", "steady"), ("b", "rising")],
        [("wear", ["a"]), ("wear", ["b"])],
    )

    assert [problem.path for problem in problems] == [
        "sensors[2].name",
        "sensors[3].name",
        "failure_modes[1].name",
    ]


def test_the_spread_of_onsets_is_at_most_a_quarter_of_a_life() -> None:
    assert profile(rul={"max_rul_hours": 400, "rul_noise_std_hours": 100})
    with pytest.raises(ValidationError, match="101 is over a quarter of a life"):
        profile(rul={"max_rul_hours": 400, "rul_noise_std_hours": 101})


def test_the_spread_that_a_short_life_inherits_counts_too() -> None:
    with pytest.raises(ValidationError, match="15 is over a quarter of a life"):
        profile(machine_type="cnc", rul={"max_rul_hours": 50})


def test_equal_content_has_an_equal_fingerprint_in_any_order() -> None:
    shuffled = dict(reversed(SENSOR.items()))

    assert profile(sensors=[shuffled], schema_version=1).sha256 == profile().sha256
    assert profile(model="EX-2").sha256 != profile().sha256


def test_given_limits_are_the_physical_limits() -> None:
    assert sensor(limits={"min": 0, "max": 150}).physical_limits.max == 150


def test_a_percentage_that_stays_below_100_is_cut_at_0_and_100() -> None:
    limits = sensor(unit="%", normal={"min": 5, "max": 90}, failure=99).physical_limits

    assert (limits.min, limits.max) == (0, 100)


def test_a_percentage_that_exceeds_100_is_not_cut_there() -> None:
    assert sensor(unit="%", failure=110).physical_limits.max > 110


reading = st.floats(-1e12, 1e12)


@given(st.sampled_from(["degC", "bar", "%", "iso4406", "1"]), reading, reading, reading)
def test_physical_limits_hold_every_reading_between_normal_and_failure(
    unit: str, low: float, high: float, failure: float
) -> None:
    low, high, failure = sorted((low, high, failure))
    if not low < high < failure:
        return
    limits = sensor(
        unit=unit, normal={"min": low, "max": high}, failure=failure, noise=0
    ).physical_limits

    assert limits.min <= low
    assert limits.max >= failure
    assert math.isfinite(limits.max - limits.min)
