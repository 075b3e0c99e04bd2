"""Parse untrusted JSON and YAML to built-in types.

Before they build anything, both readers refuse input that could exhaust memory or stack: deep
nesting, too many values and, in YAML, anchors (which allow "bombs") and tags (which allow code
execution).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from errors import Problem

if TYPE_CHECKING:
    import yaml

#: The largest profile that the schema allows nests 4 deep and has about 3,700 values.
MAX_DEPTH = 20
MAX_VALUES = 5_000

# An unterminated string extends to the end of the text; json.loads reports where it begins.
_JSON_MARKS = re.compile(r'"(?:\\.|[^"\\])*+"?|[][{},]', re.DOTALL)
_PLAIN_KEY = re.compile(r"[A-Za-z_]\w{0,59}")


class Unreadable(Exception):
    """Text that cannot be parsed; `problems` has the reasons."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(str(problem) for problem in problems))


def pointed(keys: Sequence[str | int]) -> str:
    """The path of a value in a profile, as shown to users.

    >>> pointed(["sensors", 3, "normal", "max"])
    'sensors[3].normal.max'
    """
    path = ""
    for key in keys:
        if isinstance(key, str) and _PLAIN_KEY.fullmatch(key):
            path += f".{key}" if path else key
        else:
            path += f"[{shown(key)}]"
    return path


def shown(value: object) -> str:
    """A value as one short line for a message."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) > 10**15:
        return "a number beyond all bounds"  # Python may refuse to print it.
    text = repr(value)  # Escapes unprintable characters.
    return text if len(text) <= 60 else f"{text[:57]}..."


def decode(data: bytes) -> str:
    """The text in UTF-8 bytes, without a byte order mark.

    Raises:
        Unreadable: The bytes are not UTF-8.
    """
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Unreadable(
            Problem("", f"not UTF-8 at byte {error.start}", "save the file as UTF-8 text")
        ) from None


def read_json(text: str) -> tuple[Any, list[Problem]]:
    """Parse JSON; also returns problems for duplicate keys, of which the last one counts.

    Raises:
        Unreadable: Broken JSON, nested too deep, or too many values.
    """
    _check_json_size(text)
    try:
        members = json.loads(text, object_pairs_hook=_Members, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        message = f"broken JSON at {_line_and_column(text, error.pos)}: {error.msg}"
        raise Unreadable(Problem("", message, "check commas, brackets and quotes")) from None
    repeated: list[Problem] = []
    return _settled(members, (), repeated), repeated


class _Members(list[tuple[str, Any]]):
    """The members of a JSON object, repeated keys included."""


def _whole_number(digits: str) -> int | float:
    # Python refuses to parse thousands of digits. As a float the number becomes infinite, which
    # the profile's checks refuse.
    return int(digits) if len(digits) < 300 else float(digits)


def _check_json_size(text: str) -> None:
    depth = values = 0
    for mark in _JSON_MARKS.finditer(text):
        sign = mark[0][0]
        depth += (sign in "[{") - (sign in "]}")
        values += sign in "[{,"
        _check_size(depth, values, text, mark.start())


def _settled(node: Any, place: tuple[str | int, ...], repeated: list[Problem]) -> Any:
    if isinstance(node, _Members):
        settled: dict[str, Any] = {}
        for key, value in node:
            if key in settled:
                repeated.append(_twice((*place, key)))
            settled[key] = _settled(value, (*place, key), repeated)
        return settled
    if isinstance(node, list):
        return [_settled(item, (*place, index), repeated) for index, item in enumerate(node)]
    return node


def read_yaml(text: str) -> tuple[Any, list[Problem]]:
    """Parse YAML; also returns problems for duplicate keys, of which the last one counts.

    Raises:
        Unreadable: Broken YAML, nested too deep, too many values, or anchors, aliases or tags.
    """
    import yaml  # Imported here to keep the start of the command line fast.

    try:
        with suppress(yaml.YAMLError, ValueError, OverflowError):
            # libyaml takes a tenth of the time; PyYAML's own parser has the better messages.
            return _yaml_value(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return _yaml_value(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        what = ", ".join(part for part in (error.context, error.problem) if part)
        message = f"broken YAML{_at(error.problem_mark)}: {what}"
        raise Unreadable(Problem("", message, "check indents, brackets and quotes")) from None
    except yaml.reader.ReaderError as error:
        where = _line_and_column(text, error.position)
        raise Unreadable(
            Problem("", f"broken YAML at {where}: a control character", "remove it")
        ) from None
    except (ValueError, OverflowError) as error:
        # PyYAML does not catch these errors of built-in types: a date with month 13, an escape
        # beyond Unicode, a number with thousands of digits.
        reason = str(error).partition(":")[0]
        raise Unreadable(
            Problem("", f"broken YAML, a value cannot be read: {reason}", "if it is text, quote it")
        ) from None


def _yaml_value(text: str, loader_type: type[yaml.SafeLoader]) -> tuple[Any, list[Problem]]:
    import yaml

    _check_yaml_events(text, yaml.parse(text, Loader=loader_type))
    loader = loader_type(text)
    try:
        node = loader.get_single_node()
        value = None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()
    return value, list(_repeated_keys(node, ()))


def _check_yaml_events(text: str, events: Iterator[yaml.Event]) -> None:
    import yaml

    refused: list[Problem] = []
    depth = values = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.NodeEvent):
            values += 1
            refused += _dangers(event)
        _check_size(depth, values, text, event.start_mark.index if event.start_mark else 0)
    if refused:
        raise Unreadable(*refused)


def _dangers(event: yaml.NodeEvent) -> Iterator[Problem]:
    import yaml

    where = _at(event.start_mark)
    if isinstance(event, yaml.AliasEvent):
        yield Problem("", f"YAML alias{where}: {shown(event.anchor)}", "write the values out")
    elif event.anchor:
        yield Problem("", f"YAML anchor{where}: {shown(event.anchor)}", "remove it")
    if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag:
        yield Problem("", f"YAML tag{where}: {shown(event.tag)}", "remove it")


def _repeated_keys(node: yaml.Node | None, place: tuple[str | int, ...]) -> Iterator[Problem]:
    import yaml

    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated_keys(item, (*place, index))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield _twice((*place, name))
            seen.add(name)
            yield from _repeated_keys(value, (*place, name))


def _twice(place: tuple[str | int, ...]) -> Problem:
    return Problem(pointed(place), "written twice", "keep one")


def _check_size(depth: int, values: int, text: str, at: int) -> None:
    if depth > MAX_DEPTH:
        message = f"nested over {MAX_DEPTH} deep at {_line_and_column(text, at)}"
        raise Unreadable(Problem("", message, "a profile nests 4 deep"))
    if values > MAX_VALUES:
        message = f"over {MAX_VALUES} values at {_line_and_column(text, at)}"
        raise Unreadable(Problem("", message, "a profile is one machine; write one file for each"))


def _line_and_column(text: str, at: int) -> str:
    before = text[:at]
    return f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"


def _at(mark: Any) -> str:  # A yaml.Mark of either parser, or None.
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
