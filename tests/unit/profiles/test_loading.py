"""Reading a profile file: all its problems at once, in its bytes and in its text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from errors import InvalidProfile
from GAN.config.units import UNITS
from GAN.profiles import loading
from GAN.profiles.loading import parse_profile, profile_schema, read_profile
from GAN.profiles.profile import MachineProfile
from tests.unit.profiles.samples import (
    both_formats,
    content,
    problems,
    problems_of,
    sensor,
    written,
)


@both_formats
def test_a_profile_is_read_from_either_format(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"motor{suffix}"
    path.write_bytes(written(content(), suffix))

    assert read_profile(path) == MachineProfile.model_validate(content())


def test_the_suffix_may_be_in_capitals_and_the_text_marked_as_utf_8() -> None:
    assert parse_profile(b"\xef\xbb\xbf" + written(content(), ".json"), "f", ".JSON")


def test_every_problem_is_reported_at_once() -> None:
    found = problems_of(
        content(
            schema_version=3,
            machine_id="../x",
            rul={"max_rul_hours": 10},
            sensors=[
                sensor(unit="celsius", failure=50, noise="0.7"),
                sensor(normal={"min": 70, "max": 45}, law="quadratic"),
                sensor(name="sound_level", colour="red"),
            ],
            failure_modes=[{"name": "wear", "sensors": ["ghost"]}, {"name": "wear", "sensors": []}],
        )
    )

    assert set(found) == {
        "schema_version",
        "machine_id",
        "rul.max_rul_hours",
        "sensors[0].unit",
        "sensors[0].failure",
        "sensors[0].noise",
        "sensors[1].normal.max",
        "sensors[1].law",
        "sensors[1].name",
        "sensors[2].colour",
        "failure_modes[0].sensors",
        "failure_modes[1].name",
        "failure_modes[1].sensors",
    }


def test_the_error_names_the_file_and_each_problem_takes_one_line() -> None:
    with pytest.raises(InvalidProfile) as caught:
        parse_profile(written(content(machine_id="A\nB", model=""), ".json"), "m.json", ".json")

    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.problems) == 2
    assert all(line.startswith("m.json: m") for line in lines)


def test_a_file_over_1_mb_is_refused_without_reading_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(50 * 10**9)  # sparse: reading it whole would need 50 GB of memory

    with pytest.raises(InvalidProfile, match="over 1 MB"):
        read_profile(path)


def test_bytes_over_1_mb_are_refused_before_they_are_parsed() -> None:
    padding = b" " * (loading.MAX_BYTES + 1)

    assert "over 1 MB" in problems(written(content(), ".json") + padding, ".json")[0].message


def test_a_file_that_is_not_there_is_a_problem_of_the_profile(tmp_path: Path) -> None:
    with pytest.raises(InvalidProfile, match="cannot be read: No such file"):
        read_profile(tmp_path / "none.yaml")


def test_a_folder_is_no_profile(tmp_path: Path) -> None:
    with pytest.raises(InvalidProfile, match="cannot be read: Is a directory"):
        read_profile(tmp_path)


@pytest.mark.parametrize("suffix", [".toml", "", ".json.exe"])
def test_another_suffix_is_refused(suffix: str) -> None:
    (problem,) = problems(written(content(), ".json"), suffix)

    assert problem.advice == "name the file .json, .yaml, .yml"


@both_formats
def test_bytes_that_are_not_utf_8_are_refused_with_their_offset(suffix: str) -> None:
    (problem,) = problems(b'{"model": "caf\xe9"}', suffix)

    assert problem.message == "not UTF-8 at byte 14"


@both_formats
@pytest.mark.parametrize("text", ["", " \n\t\n", "null"])
def test_an_empty_file_is_called_empty(suffix: str, text: str) -> None:
    (problem,) = problems(text, suffix)

    assert problem.message == "empty"


def test_a_yaml_file_of_comments_only_is_called_empty() -> None:
    assert problems("# nothing\n---\n", ".yaml")[0].message == "empty"


def test_the_published_schema_is_that_of_the_code() -> None:
    published = Path(loading.__file__).parents[1] / "profile.schema.json"

    assert json.loads(published.read_text(encoding="utf-8")) == profile_schema(), (
        "run: python -c 'import json, GAN.profiles.loading as p; "
        "print(json.dumps(p.profile_schema(), indent=2))' > GAN/profile.schema.json"
    )


def test_the_schema_says_what_it_is_and_lists_the_units() -> None:
    schema = profile_schema()

    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["$id"] == "fleetforge/profile/2"
    assert schema["title"] == "Fleetforge machine profile, versions 1 and 2"
    assert schema["$defs"]["Sensor"]["properties"]["unit"]["enum"] == list(UNITS)


def test_control_characters_in_a_text_are_refused() -> None:
    text = (Path(__file__).parents[3] / "GAN/templates/pump.yaml").read_text()
    data = text.replace("manufacturer: Example", 'manufacturer: "Exam\\0ple"').encode()
    with pytest.raises(InvalidProfile, match=r"manufacturer: control characters \('\\x00'\)"):
        parse_profile(data, "pump.yaml", ".yaml")
