"""What is wrong with the fields of a profile, in plain words and with advice."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from errors import Problem
from tests.unit.profiles.samples import (
    both_formats,
    content,
    problems,
    problems_of,
    sensor,
    written,
)


def test_a_missing_field_is_named() -> None:
    incomplete = content(sensors=[{k: v for k, v in sensor().items() if k != "noise"}])
    del incomplete["machine_type"]

    found = problems_of(incomplete)

    assert str(found["machine_type"]) == "machine_type: missing; add machine_type"
    assert str(found["sensors[0].noise"]) == "sensors[0].noise: missing; add noise"


@pytest.mark.parametrize(
    ("place", "data", "known"),
    [
        ("manufactrer", content(manufactrer="x"), "manufacturer"),
        ("sensors[0].nosie", content(sensors=[sensor(nosie=1)]), "noise"),
        ("sensors[0].normal.maxx", content(sensors=[sensor(normal={"maxx": 1})]), "max"),
        ("failure_modes[0].shares", content(failure_modes=[{"shares": 1}]), "share"),
        ("rul.max_rul_hour", content(rul={"max_rul_hour": 500}), "max_rul_hours"),
    ],
)
def test_an_unknown_field_is_answered_with_the_nearest_known_one(
    place: str, data: dict[str, Any], known: str
) -> None:
    assert problems_of(data)[place] == Problem(place, "unknown field", f"did you mean {known}?")


def test_an_unknown_field_like_no_other_is_answered_with_the_known_ones() -> None:
    found = problems_of(content(rul={"zzz": 1}))["rul.zzz"]

    assert found.advice.startswith(
        "remove it; the known fields are max_rul_hours, cycles_per_dataset"
    )


@pytest.mark.parametrize("key", ["a b", "a\nb", "a.b", "x" * 500, "\x1b[31m"])
def test_a_strange_key_cannot_spoil_the_message(key: str) -> None:
    (problem,) = problems_of(content(**{key: 1})).values()

    assert problem.path.startswith("['")
    assert problem.path.isprintable()
    assert len(problem.path) < 80


def test_a_key_that_is_no_text_is_an_unknown_field() -> None:
    text = written(content(), ".yaml").decode() + "3: x\nyes: y\n"

    assert {p.message for p in problems(text, ".yaml")} == {"unknown field"}


@both_formats
@pytest.mark.parametrize(
    ("value", "advice"), [("60", "60"), ("1e-3", "0.001"), (" 6.50 ", "6.5"), ("-2e2", "-200")]
)
def test_a_number_in_quotes_is_refused_with_the_number_to_write(
    suffix: str, value: str, advice: str
) -> None:
    found = problems_of(content(sensors=[sensor(failure=value)]), suffix)

    assert found["sensors[0].failure"].advice == f"write {advice} without quotes"


@both_formats
@pytest.mark.parametrize("value", [True, "high", None, [1], {"a": 1}, "1e999", "1e300"])
def test_what_is_no_number_is_refused_as_such(suffix: str, value: object) -> None:
    found = problems_of(content(sensors=[sensor(noise=value)]), suffix)

    assert found["sensors[0].noise"].advice == "write a number"


@both_formats
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_nan_and_infinity_are_refused_where_they_stand(suffix: str, value: float) -> None:
    data = yaml.safe_dump(content(sensors=[sensor(failure=value)])).encode()
    if suffix == ".json":
        data = written(content(sensors=[sensor(failure=value)]), suffix)
    (problem,) = problems(data, suffix)

    assert (problem.path, problem.message) == (
        "sensors[0].failure",
        f"{value} is not a finite number",
    )


def test_a_number_of_thousands_of_digits_is_refused_where_it_stands() -> None:
    text = written(content(), ".json").decode().replace("95", "9" * 5000)

    assert [str(p) for p in problems(text, ".json")] == [
        "sensors[0].failure: inf is not a finite number; write a number"
    ]


def test_a_number_too_long_to_print_is_refused_all_the_same() -> None:
    text = written(content(), ".yaml").decode().replace("95", "0x" + "f" * 9000)

    assert [p.path for p in problems(text, ".yaml")] == ["sensors[0].failure"]


@both_formats
@pytest.mark.parametrize(
    ("value", "message", "advice"),
    [
        (2545, "2545 is not text", "put it in quotes"),
        (False, "false is not text", "put it in quotes"),
        (None, "empty", "write some text"),
        (["a"], "a list is given where text is expected", "write some text"),
        ("x" * 201, "201 characters", "write at most 200"),
        ("  ", "'  ' is too short", "write at least 1 characters"),
    ],
)
def test_what_is_no_text_is_refused_as_such(
    suffix: str, value: object, message: str, advice: str
) -> None:
    assert problems_of(content(model=value), suffix)["model"] == Problem("model", message, advice)


def test_a_yaml_word_that_means_a_date_or_no_must_be_quoted() -> None:
    text = written(content(), ".yaml").decode()
    unquoted = text.replace("EX-1", "2020-01-31").replace("Example", "no")

    assert {(p.path, p.advice) for p in problems(unquoted, ".yaml")} == {
        ("model", "put it in quotes"),
        ("manufacturer", "put it in quotes"),
    }


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"sensors": {}}, "sensors", "a mapping is given where a list is expected"),
        ({"sensors": None}, "sensors", "nothing is given where a list is expected"),
        ({"rul": None}, "rul", "nothing is given where a mapping is expected"),
        ({"rul": [1]}, "rul", "a list is given where a mapping is expected"),
        ({"sensors": [sensor(), 3]}, "sensors[1]", "3 is given where a mapping is expected"),
        (
            {"rul": {"cycles_per_dataset": 2.5}},
            "rul.cycles_per_dataset",
            "2.5 is not a whole number",
        ),
        ({"sensors": [sensor(ar1=1)]}, "sensors[0].ar1", "1 is out of range"),
        (
            {"sensors": [sensor(direction="up")]},
            "sensors[0].direction",
            "'up' is not an allowed value",
        ),
    ],
)
def test_a_wrong_shape_is_put_in_plain_words(
    changes: dict[str, Any], place: str, message: str
) -> None:
    found = problems_of(content(**changes))

    assert found[place].message == message
    assert found[place].advice


@both_formats
@pytest.mark.parametrize("data", [[1], "text", 3, True])
def test_a_top_level_that_is_not_a_mapping_is_refused(suffix: str, data: object) -> None:
    (problem,) = problems(written(data, suffix), suffix)

    assert problem.path == ""
    assert problem.message.endswith("is given where a mapping is expected")


@pytest.mark.parametrize("machine_id", ["../x", "Motor_1", "a b c", "motor-1", "x/../../etc"])
def test_an_id_that_is_no_id_is_refused(machine_id: str) -> None:
    found = problems_of(content(machine_id=machine_id))

    assert found["machine_id"].message == f"'{machine_id}' is not a valid machine id"


@pytest.mark.parametrize("version", [0, 3, "1", None])
def test_an_unknown_schema_version_is_refused(version: object) -> None:
    found = problems_of(content(schema_version=version))

    assert "unknown schema version" in found["schema_version"].message
    assert found["schema_version"].advice == "write 1 or 2"


@pytest.mark.parametrize("wrong", [False, True], ids=["all else right", "a sensor wrong too"])
def test_51_sensors_are_one_too_many(wrong: bool) -> None:
    sensors = [sensor(name=f"sensor_{index}") for index in range(51)]
    if wrong:  # pydantic then counts only the 49 right ones
        sensors[0]["noise"] = sensors[1]["noise"] = "a lot"

    found = problems_of(
        content(sensors=sensors, failure_modes=[{"name": "wear", "sensors": ["sensor_9"]}])
    )

    assert found["sensors"] == Problem("sensors", "51 entries", "keep at most 50")
    assert ("sensors[1].noise" in found) == wrong


def test_21_failure_modes_are_one_too_many_even_if_some_are_wrong() -> None:
    modes = [{"name": f"mode_{index}", "sensors": ["bearing_temperature"]} for index in range(21)]
    modes[0]["name"] = "Wear!"

    found = problems_of(content(failure_modes=modes))

    assert found["failure_modes"] == Problem("failure_modes", "21 entries", "keep at most 20")


@both_formats
def test_half_a_unicode_character_is_refused(suffix: str) -> None:
    text = json.dumps(content(model="\ud800"))

    assert [str(p) for p in problems(text, suffix)] == [
        "model: a broken Unicode escape; write the character itself"
    ]
