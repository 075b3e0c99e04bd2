"""Read a machine profile from an untrusted file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from errors import InvalidProfile, Problem
from GAN.profiles.driver_checks import Declared, driver_problems, version_problem
from GAN.profiles.drivers import (
    AMBIENT,
    LOAD,
    MAX_COUPLINGS,
    Ambient,
    Coupling,
    Load,
    Maintenance,
)
from GAN.profiles.messages import problems_of, too_many
from GAN.profiles.parsing import Unreadable, decode, read_json, read_yaml
from GAN.profiles.profile import MAX_FAILURE_MODES, MAX_SENSORS, MachineProfile, name_problems
from GAN.profiles.sensor import NAME_PATTERN, Sensor

MAX_BYTES = 1_000_000

_Model = TypeVar("_Model", bound=BaseModel)

_READERS = {".json": read_json, ".yaml": read_yaml, ".yml": read_yaml}

#: File suffixes of a profile.
SUFFIXES = tuple(_READERS)


def is_profile_name(path: Path) -> bool:
    """Whether a file may be a profile: by its suffix, not hidden, not an editor's backup."""
    return path.suffix in SUFFIXES and not path.name.startswith((".", "#", "~"))


def read_profile(path: Path) -> MachineProfile:
    """Read a profile from a .json, .yaml or .yml file.

    Raises:
        InvalidProfile: With every problem of the file, or the reason why it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # Never more, even if the file grows.
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidProfile(
            str(path), [Problem("", f"cannot be read: {reason}", "check the path")]
        ) from None
    return parse_profile(data, str(path), path.suffix)


def parse_profile(data: bytes, source: str, suffix: str) -> MachineProfile:
    """Parse a profile from the bytes of a file.

    Args:
        data: Content, UTF-8.
        source: Name of the file in messages.
        suffix: `.json`, `.yaml` or `.yml`; decides the format.

    Raises:
        InvalidProfile: With every problem at once.
    """
    try:
        raw, repeated = _read(data, suffix)
    except Unreadable as error:
        raise InvalidProfile(source, error.problems) from None
    profile, problems = _validate(raw)
    problems = [*repeated, *problems]
    if profile is None or problems:
        raise InvalidProfile(source, problems)
    return profile


def profile_schema() -> dict[str, Any]:
    """The JSON Schema of a profile, for editors; published as `GAN/profile.schema.json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "fleetforge/profile/2",
        **MachineProfile.model_json_schema(),
        "title": "Fleetforge machine profile, versions 1 and 2",
    }


def _read(data: bytes, suffix: str) -> tuple[Any, list[Problem]]:
    reader = _READERS.get(suffix.lower())
    if reader is None:
        message = f"'{suffix}' is not a profile format" if suffix else "the name has no suffix"
        raise Unreadable(Problem("", message, f"name the file {', '.join(_READERS)}"))
    if len(data) > MAX_BYTES:
        raise Unreadable(Problem("", "over 1 MB", "a profile is a few kB of text"))
    text = decode(data)
    raw, repeated = reader(text) if text.strip() else (None, [])
    if raw is None:
        raise Unreadable(Problem("", "empty", "start from a template"))
    return raw, repeated


def _validate(raw: Any) -> tuple[MachineProfile | None, list[Problem]]:
    try:
        # Strict, so that "60" is not accepted as 60. Strict pydantic needs tuples, not lists.
        return MachineProfile.model_validate(_with_tuples(raw), strict=True), []
    except ValidationError as error:
        found = [*problems_of(error), *_cross_field_problems(raw)]
        return None, list(dict.fromkeys(found))


def _with_tuples(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _with_tuples(value) for key, value in node.items()}
    if isinstance(node, list):
        return tuple(_with_tuples(item) for item in node)
    return node


def _cross_field_problems(raw: Any) -> Iterator[Problem]:
    """Checks that pydantic skips once a field is invalid."""
    sensors, modes = _items(raw, "sensors"), _items(raw, "failure_modes")
    if len(sensors) > MAX_SENSORS:
        yield too_many("sensors", len(sensors), MAX_SENSORS)
    if len(modes) > MAX_FAILURE_MODES:
        yield too_many("failure_modes", len(modes), MAX_FAILURE_MODES)
    if sensors:
        yield from name_problems(
            [(_name(_field(item, "name")), str(_field(item, "direction"))) for item in sensors],
            [(_name(_field(item, "name")), _names(_items(item, "sensors"))) for item in modes],
        )
    if isinstance(drivers := _field(raw, "drivers"), dict):
        if raw.get("schema_version", 1) == 1:
            yield version_problem(1)
        yield from driver_problems(_declared(sensors, drivers))


def _declared(sensors: list[Any], drivers: dict[Any, Any]) -> Declared:
    """What can be checked although a field is invalid."""
    load, ambient = _valid(Load, drivers.get("load")), _valid(Ambient, drivers.get("ambient"))
    couplings = enumerate(_items(drivers, "couplings")[:MAX_COUPLINGS])
    half_ranges: dict[str, float | None] = {}
    if drivers.get("load") is not None:
        half_ranges[LOAD] = None if load is None else load.half_range
    if drivers.get("ambient") is not None:
        half_ranges[AMBIENT] = None if ambient is None else ambient.half_range
    return Declared(
        {name: _valid(Sensor, item) for item in sensors if (name := _name(_field(item, "name")))},
        half_ranges,
        {index: valid for index, item in couplings if (valid := _valid(Coupling, item))},
        _valid(Maintenance, drivers.get("maintenance")),
    )


def _valid(model: type[_Model], raw: Any) -> _Model | None:
    """The part, or None if it is wrong: then its problems are reported already."""
    try:
        return model.model_validate(_with_tuples(raw), strict=True)
    except ValidationError:
        return None


def _field(node: Any, key: str) -> Any:
    return node.get(key) if isinstance(node, dict) else None


def _items(node: Any, key: str) -> list[Any]:
    value = _field(node, key)
    return value if isinstance(value, list) else []


def _names(items: list[Any]) -> list[str]:
    return [name for item in items if (name := _name(item))]


def _name(value: Any) -> str:
    """The name; empty if it is invalid, which is reported elsewhere."""
    return value if isinstance(value, str) and re.fullmatch(NAME_PATTERN, value) else ""
