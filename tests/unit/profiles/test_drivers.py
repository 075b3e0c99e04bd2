"""Drivers in a profile: which are valid, and which problems the others have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from GAN.profiles.catalogue import template_profile
from GAN.profiles.loading import parse_profile
from GAN.profiles.profile import MachineProfile
from tests.unit.profiles.samples import (
    AMBIENT,
    COUPLINGS,
    LOAD,
    both_formats,
    content,
    coupling,
    driven,
    problems_of,
    sensor,
    written,
)


@both_formats
def test_a_profile_of_version_2_may_have_drivers(suffix: str) -> None:
    profile = parse_profile(written(driven(), suffix), "f", suffix)

    assert profile.drivers is not None
    assert profile.drivers.load is not None
    assert [each.gain for each in profile.drivers.couplings] == [1, 30, 0.5, 0.7]


@pytest.mark.parametrize("version", [1, 2])
def test_a_profile_needs_no_drivers(version: int) -> None:
    profile = parse_profile(written(content(schema_version=version), ".json"), "f", ".json")

    assert profile.drivers is None
    assert "drivers" not in profile.model_dump()


@pytest.mark.parametrize("given", [driven(), content()], ids=["drivers", "no drivers"])
def test_a_written_profile_is_read_as_the_same(given: dict[str, Any]) -> None:
    profile = parse_profile(written(given, ".json"), "f", ".json")
    dumped = profile.model_dump_json().encode()

    assert parse_profile(dumped, "f", ".json") == profile
    assert hash(MachineProfile.model_validate_json(dumped)) == hash(profile)


def test_drivers_count_in_the_sha_256() -> None:
    first, second = (
        parse_profile(
            written(driven(ambient={**AMBIENT, "daily_amplitude": d}), ".json"), "", ".json"
        )
        for d in (2, 3)
    )
    assert first.sha256 != second.sha256


@pytest.mark.parametrize("version", [{"schema_version": 1}, {}], ids=["version 1", "no version"])
@pytest.mark.parametrize("wrong", [{}, {"model": ""}], ids=["all else right", "a field wrong too"])
def test_drivers_in_version_1_are_refused(version: dict[str, int], wrong: dict[str, str]) -> None:
    given = {key: value for key, value in driven().items() if key != "schema_version"}
    found = problems_of({**given, **version, **wrong})

    assert set(found) == {"schema_version", *wrong}
    assert str(found["schema_version"]) == "schema_version: version 1 has no drivers; write 2"


def test_every_problem_of_drivers_is_reported_at_once() -> None:
    wrong = driven(
        load={"pattern": "weekly", "low": 0.8, "high": 0.7, "hours": -1},
        ambient={"daily_amplitude": "3", "seasonal": 6},
        couplings=[
            coupling("ghost", "driver.load", 1),
            coupling("current", "driver.wind", 1),
            coupling("current", "ghost", 1),
            coupling("hall", "driver.ambient", 1, lag_hours=-2),
            {"sensor": "hall", "follows": "current"},
        ],
        maintenance={"every_hours": 100, "restores": 2, "sensors": []},
        wind=3,
    )
    wrong["machine_id"] = "../x"

    assert set(problems_of(wrong)) == {
        "machine_id",
        "drivers.load.pattern",
        "drivers.load.high",
        "drivers.load.hours",
        "drivers.ambient.daily_amplitude",
        "drivers.ambient.seasonal",
        "drivers.ambient.seasonal_amplitude",
        "drivers.couplings[0].sensor",
        "drivers.couplings[1].follows",
        "drivers.couplings[2].follows",
        "drivers.couplings[3].lag_hours",
        "drivers.couplings[4].gain",
        "drivers.maintenance.restores",
        "drivers.maintenance.sensors",
        "drivers.wind",
    }


@pytest.mark.parametrize("elsewhere", [{}, {"machine_id": "A"}], ids=["alone", "with another"])
@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"couplings": [coupling("ghost", "driver.load", 1)]},
            "drivers.couplings[0].sensor: 'ghost' is not a sensor; "
            "choose from bearing_temperature, current, hall",
        ),
        (
            {"couplings": [coupling("hall", "ghost", 1)]},
            "drivers.couplings[0].follows: 'ghost' is not a sensor; choose driver.load, "
            "driver.ambient, or from bearing_temperature, current, hall",
        ),
        (
            {"load": None, "couplings": [coupling("current", "driver.load", 1)]},
            "drivers.couplings[0].follows: driver.load is not declared; add drivers.load",
        ),
        (
            {"couplings": [*COUPLINGS, coupling("hall", "driver.ambient", 0.1)]},
            "drivers.couplings[4]: hall follows driver.ambient already in couplings[0]; "
            "keep one of them",
        ),
        (
            {"couplings": [coupling("hall", "hall", 0.1)]},
            "drivers.couplings[0].follows: a sensor follows itself: hall follows hall; "
            "remove one of these couplings",
        ),
        (
            {"couplings": [*COUPLINGS[2:], coupling("current", "bearing_temperature", 0.1)]},
            "drivers.couplings[2].follows: a sensor follows itself: current follows "
            "bearing_temperature follows current; remove one of these couplings",
        ),
        (
            {"couplings": [coupling("hall", "driver.ambient", -2)]},
            "drivers.couplings[0].gain: couplings move hall by up to 18 to either side, but its "
            "normal band has 10; lower its gains, or widen normal of hall",
        ),
        (
            {"maintenance": {"every_hours": 99, "restores": 0.5, "sensors": ["hall", "current"]}},
            "drivers.maintenance.sensors: 'hall' is not a rising or falling sensor; "
            "choose from bearing_temperature, current",
        ),
        (
            {"load": {**LOAD, "hours": 25}},
            "drivers.load.hours: 25 hours of work do not fit into a day; write at most 24",
        ),
        (
            {"load": {**LOAD, "high": 0.6}},
            "drivers.load.high: 0.6 is not above low 0.6; write more than 0.6",
        ),
        (
            {"couplings": [coupling("hall", "driver.wind", 1)]},
            "drivers.couplings[0].follows: 'driver.wind' is not a valid name; write a sensor's "
            "name, driver.load or driver.ambient",
        ),
        ({"lod": LOAD}, "drivers.lod: unknown field; did you mean load?"),
        (
            {"couplings": [coupling("hall", "driver.ambient", 1, lag_hour=2)]},
            "drivers.couplings[0].lag_hour: unknown field; did you mean lag_hours?",
        ),
    ],
)
def test_a_problem_says_what_to_write(
    changes: dict[str, Any], line: str, elsewhere: dict[str, str]
) -> None:
    found = {str(problem) for problem in problems_of({**driven(**changes), **elsewhere}).values()}

    assert line in found
    assert len(found) == 1 + len(elsewhere)


def test_two_circles_are_two_problems() -> None:
    names = ["bearing_temperature", "current", "hall"]
    ring = [coupling(one, two, 0.1) for one, two in zip(names, names[1:] + names[:1], strict=True)]
    found = problems_of(driven(couplings=[*ring, coupling("current", "bearing_temperature", 0.1)]))

    assert set(found) == {"drivers.couplings[2].follows", "drivers.couplings[3].follows"}


def test_201_couplings_are_one_too_many() -> None:
    found = problems_of(driven(couplings=[coupling("hall", "driver.ambient", 1)] * 201))

    assert str(found["drivers.couplings"]) == "drivers.couplings: 201 entries; keep at most 200"


def test_the_largest_profile_with_drivers_can_be_read() -> None:
    sensors = [sensor(name=f"sensor_{index}", limits={"min": 0, "max": 200}) for index in range(50)]
    pairs = [(later, index) for index in range(5) for later in range(index + 1, 50)]
    couplings = [
        coupling(f"sensor_{later}", f"sensor_{index}", 0.01, lag_hours=1, source="x")
        for later, index in pairs[:200]
    ]
    modes = [
        {"name": f"mode_{index}", "share": 1, "sensors": [f"sensor_{n}" for n in range(50)]}
        for index in range(20)
    ]
    whole = content(
        schema_version=2, sensors=sensors, failure_modes=modes, drivers={"couplings": couplings}
    )

    assert len(parse_profile(json.dumps(whole).encode(), "f", ".json").sensors) == 50


def test_the_drivers_in_the_documentation_are_valid() -> None:
    text = (Path(__file__).parents[3] / "docs" / "profiles.md").read_text()
    shown = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    whole = template_profile("motor").model_dump(mode="json") | shown

    assert parse_profile(written(whole, ".yaml"), "f", ".yaml").drivers is not None
