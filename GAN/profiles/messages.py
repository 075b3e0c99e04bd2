"""Translate pydantic's errors about a profile to plain messages with advice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from errors import Problem
from GAN.profiles.drivers import Ambient, Coupling, Drivers, Load, Maintenance
from GAN.profiles.parsing import pointed, shown
from GAN.profiles.profile import FailureMode, MachineProfile, Range, RulOverrides, Sensor

#: The model of the mapping under a key.
_MODELS: dict[str, type[BaseModel]] = {
    "sensors": Sensor,
    "failure_modes": FailureMode,
    "normal": Range,
    "limits": Range,
    "rul": RulOverrides,
    "drivers": Drivers,
    "load": Load,
    "ambient": Ambient,
    "couplings": Coupling,
    "maintenance": Maintenance,
}

_Words = tuple[str, str]


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """Every problem in a pydantic error of `MachineProfile`, each with its place and advice."""
    for detail in error.errors(include_url=False):
        yield from _problems(detail)


def too_many(path: str, count: int, most: int) -> Problem:
    """A list with more entries than the schema allows."""
    return Problem(path, f"{count} entries", f"keep at most {most}")


def _problems(detail: ErrorDetails) -> Iterator[Problem]:
    kind, path, found = detail["type"], pointed(detail["loc"]), detail["input"]
    context = detail.get("ctx", {})
    if kind == "profile":
        for problem in cast("tuple[Problem, ...]", context["problems"]):
            inner = ".".join(part for part in (path, problem.path) if part)
            yield Problem(inner, problem.message, problem.advice)
    elif kind == "too_long":
        yield too_many(path, len(found), context["max_length"])
    elif kind == "too_short":
        # pydantic counts only valid entries, so a list may only seem too short.
        if len(found) < context["min_length"]:
            yield Problem(path, "an empty list", "write at least one entry")
    else:
        say = _WORDS.get(kind, _pydantic_message)
        yield Problem(path, *say(detail))


def _pydantic_message(detail: ErrorDetails) -> _Words:
    return detail["msg"], ""


def _missing(detail: ErrorDetails) -> _Words:
    return "missing", f"add {detail['loc'][-1]}"


def _unknown_field(detail: ErrorDetails) -> _Words:
    *parents, key = detail["loc"]
    owner = next((part for part in reversed(parents) if isinstance(part, str)), "")
    known = list(_MODELS.get(owner, MachineProfile).model_fields)
    near = get_close_matches(str(key)[:60], known, n=1)
    if near:
        return "unknown field", f"did you mean {near[0]}?"
    return "unknown field", f"remove it; the known fields are {', '.join(known)}"


def _no_number(detail: ErrorDetails) -> _Words:
    found = detail["input"]
    if isinstance(found, str) and (number := _plain_number(found)):
        return f"{shown(found)} is text, not a number", f"write {number} without quotes"
    if found is None:
        return "empty", "write a number"
    return f"{shown(found)} is not a number", "write a number"


def _plain_number(text: str) -> str | None:
    """The number in a text, without an exponent (YAML reads 1e3 as text)."""
    try:
        number = float(text)
    except ValueError:
        return None
    if number and not 1e-9 < abs(number) < 1e12:  # infinity and NaN fail here too
        return None
    return f"{number:.12f}".rstrip("0").rstrip(".")


def _no_whole_number(detail: ErrorDetails) -> _Words:
    message, advice = _no_number(detail)
    if isinstance(detail["input"], float):
        return f"{shown(detail['input'])} is not a whole number", "write a whole number, such as 3"
    return message, advice


def _not_finite(detail: ErrorDetails) -> _Words:
    return f"{shown(detail['input'])} is not a finite number", "write a number"


def _no_text(detail: ErrorDetails) -> _Words:
    found = detail["input"]
    if found is None:
        return "empty", "write some text"
    if isinstance(found, dict | tuple):
        return f"{shown(found)} is given where text is expected", "write some text"
    return f"{shown(found)} is not text", "put it in quotes"


def _no_unicode(_: ErrorDetails) -> _Words:
    return "a broken Unicode escape", "write the character itself"


def _bad_pattern(detail: ErrorDetails) -> _Words:
    if detail["loc"][-1] == "follows":
        advice = "write a sensor's name, driver.load or driver.ambient"
        return f"{shown(detail['input'])} is not a valid name", advice
    rule = "use lower-case letters, digits and single underscores between them"
    if detail["loc"] == ("machine_id",):
        return (
            f"{shown(detail['input'])} is not a valid machine id",
            f"{rule}, such as motor_siemens_001",
        )
    return (
        f"{shown(detail['input'])} is not a valid name",
        f"{rule}, a letter first, such as bearing_temperature",
    )


def _short_text(detail: ErrorDetails) -> _Words:
    least = detail["ctx"]["min_length"]
    return f"{shown(detail['input'])} is too short", f"write at least {least} characters"


def _long_text(detail: ErrorDetails) -> _Words:
    most = detail["ctx"]["max_length"]
    return f"{len(detail['input'])} characters", f"write at most {most}"


def _unknown_word(detail: ErrorDetails) -> _Words:
    expected = detail["ctx"]["expected"]
    if detail["loc"] == ("schema_version",):
        return f"unknown schema version {shown(detail['input'])}", f"write {expected}"
    return f"{shown(detail['input'])} is not an allowed value", f"write {expected}"


def _no_list(detail: ErrorDetails) -> _Words:
    return _misplaced(detail["input"], "a list"), "write [one, two]"


def _no_mapping(detail: ErrorDetails) -> _Words:
    return _misplaced(detail["input"], "a mapping"), "write name: value pairs"


def _misplaced(found: object, wanted: str) -> str:
    return f"{'nothing' if found is None else shown(found)} is given where {wanted} is expected"


def _bound(words: str, key: str) -> Callable[[ErrorDetails], _Words]:
    def say(detail: ErrorDetails) -> _Words:
        return (
            f"{shown(detail['input'])} is out of range",
            f"write a number {words} {detail['ctx'][key]:g}",
        )

    return say


#: By pydantic's error type.
_WORDS: dict[str, Callable[[ErrorDetails], _Words]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_field,
    "invalid_key": _unknown_field,
    "float_type": _no_number,
    "int_type": _no_whole_number,
    "finite_number": _not_finite,
    "string_type": _no_text,
    "string_unicode": _no_unicode,
    "string_pattern_mismatch": _bad_pattern,
    "string_too_short": _short_text,
    "string_too_long": _long_text,
    "literal_error": _unknown_word,
    "tuple_type": _no_list,
    "model_type": _no_mapping,
    "greater_than": _bound("above", "gt"),
    "greater_than_equal": _bound("of at least", "ge"),
    "less_than": _bound("below", "lt"),
    "less_than_equal": _bound("of at most", "le"),
}
