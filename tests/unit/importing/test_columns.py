"""Which column is what: guesses by name, and what the user says instead."""

from __future__ import annotations

import pandas as pd
import pytest

from GAN.importing.columns import NO_COLUMN, choose_columns, unit_problems
from GAN.profiles.profile import MachineProfile
from tests.unit.importing.samples import lives, theirs


def roles(frame: pd.DataFrame, **given: str) -> dict[str, tuple[str, bool]]:
    chosen = choose_columns(frame, given, None)
    of_roles = chosen.columns.roles
    return {c.name: (c.column, c.guessed) for c in chosen.choices if c.name in of_roles}


@pytest.mark.parametrize(
    ("role", "columns"),
    [
        ("unit_id", ["Unit Number", "engine_id", "ASSET", "machineID", "id"]),
        ("cycle_hour", ["time_in_cycles", "Operating Hours", "timestamp", "cycle"]),
        ("rul_hours", ["RUL", "Remaining Useful Life"]),
    ],
)
def test_usual_names_are_guessed_however_they_are_written(role: str, columns: list[str]) -> None:
    for column in columns:
        frame = lives(units=1, rows=3)
        own = {"unit_id": "unit", "cycle_hour": "cycle"}.get(role)
        frame = frame.rename(columns={own: column}) if own else frame.assign(**{column: 1.0})
        assert roles(frame)[role] == (column, True)


def test_our_own_names_are_no_guess() -> None:
    frame = lives(units=1, rows=3).rename(columns={"unit": "unit_id", "cycle": "cycle_hour"})
    assert roles(frame) == {"unit_id": ("unit_id", False), "cycle_hour": ("cycle_hour", False)}


def test_the_likelier_name_is_taken_and_the_other_is_free_for_a_sensor() -> None:
    frame = lives(units=1, rows=3).assign(id=[5, 6, 7])
    chosen = choose_columns(frame, {}, None)
    assert chosen.columns.roles["unit_id"] == "unit"
    assert chosen.columns.sensors == {"wear": "wear", "id": "id"}


def test_the_users_assignment_overrides_every_guess() -> None:
    frame = lives(units=1, rows=3).assign(block=1, rul=[2, 1, 0])
    found = roles(frame, unit_id="block", rul_hours=NO_COLUMN)
    assert found == {"unit_id": ("block", False), "cycle_hour": ("cycle", True)}


def test_a_column_called_failure_is_a_flag_or_a_mode_by_what_it_holds() -> None:
    frame = lives(units=1, rows=3)
    assert roles(frame.assign(failure=[0, 0, 1]))["failed"] == ("failure", True)
    assert roles(frame.assign(fault=["", "", "seal"]))["failure_mode"] == ("fault", True)
    assert "failed" not in roles(frame.assign(failure=["none", "none", "seal"]))


def test_a_file_without_unit_and_time_says_what_it_has() -> None:
    frame = pd.DataFrame({"alpha": [1.0, 2.0], "beta": [3.0, 4.0]})
    problems = {problem.path: problem for problem in choose_columns(frame, {}, None).problems}
    assert set(problems) == {"unit_id", "cycle_hour"}
    assert problems["unit_id"].advice == "name it by --unit-column: alpha, beta"


def test_a_misspelt_column_gets_a_suggestion_and_one_column_is_one_thing() -> None:
    given = {"unit_id": "unitt", "cycle_hour": "cycle", "wear": "cycle"}
    frame = lives(units=1, rows=3)
    messages = [str(problem) for problem in choose_columns(frame, given, None).problems]
    assert messages[0] == "unit_id: no column 'unitt' in the file; did you mean unit?"
    assert "wear: column 'cycle' is already cycle_hour" in messages[1]


def test_a_new_machine_has_the_columns_that_vary_under_valid_names() -> None:
    frame = lives(units=1, rows=3).assign(
        **{
            "T24 (degR)": [1.0, 2.0, 3.0],
            "2nd stage": [1, 2, 3],
            "温度": [4, 5, 6],
            "t24 degr": [1, 2, 4],
            "constant": 7,
            "comment": ["a", "b", "c"],
        }
    )
    chosen = choose_columns(frame, {}, None)
    assert list(chosen.columns.sensors) == [
        "wear",
        "t24_deg_r",
        "sensor_2nd_stage",
        "sensor_4",
        "t24_degr",
    ]
    assert chosen.unused == {"constant": "constant", "comment": "text"}
    assert all(choice.guessed for choice in chosen.choices)
    assert not chosen.problems


def test_a_mapping_that_names_sensors_names_all_of_them() -> None:
    frame = lives(units=1, rows=3).assign(other=[1, 2, 3])
    chosen = choose_columns(frame, {"flow": "other"}, None)
    assert chosen.columns.sensors == {"flow": "other"}
    assert chosen.unused == {"wear": "not in the mapping"}


def test_more_sensors_than_a_profile_may_have_are_refused() -> None:
    frame = lives(units=1, rows=3).assign(**{f"s{i}": [1, 2, i + 3] for i in range(60)})
    (problem,) = choose_columns(frame, {}, None).problems
    assert problem.advice == "choose at most 50 in a mapping"


def test_a_known_machines_sensors_are_found_by_name_or_each_missing_one_is_reported(
    rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    chosen = choose_columns(theirs(rig_seed), {}, rig)
    missing = {problem.path for problem in chosen.problems}
    assert missing == {"vibration_rms", "bearing_temperature"}
    assert all("unused are s4, BearingTemp" in problem.advice for problem in chosen.problems)

    given = {"vibration_rms": "s4", "bearing_temperature": "BearingTemp"}
    chosen = choose_columns(theirs(rig_seed).assign(extra=1.0), given, rig)
    assert not chosen.problems
    assert list(chosen.columns.sensors) == [sensor.name for sensor in rig.sensors]
    assert chosen.unused == {"extra": "belongs to no sensor"}


def test_a_mapping_to_a_sensor_that_the_machine_has_not_is_refused(
    rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    (problem,) = choose_columns(rig_seed, {"humidity": "flow"}, rig).problems[:1]
    assert problem.message == "the machine has no such sensor"


def test_a_unit_that_is_not_the_profiles_is_refused(rig: MachineProfile) -> None:
    (problem,) = unit_problems({"ambient": "K", "flow": "m3/h"}, rig)
    assert str(problem) == (
        "ambient.unit: the column is in K, the profile has degC; give a column in degC"
    )
