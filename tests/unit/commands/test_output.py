"""What the commands print."""

from __future__ import annotations

import json

import pytest

from commands.machines.planning import SamplesType
from commands.output import duration, moment, print_json, print_rows
from events.plan import Samples


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59, "59 s"), (125, "2 min 5 s"), (12_000, "3 h 20 min"), (-1, "0 s")],
)
def test_a_duration_is_read_at_a_glance(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_moment_is_local_time_with_its_offset() -> None:
    assert moment(None) == ""
    assert moment(0)[4] == "-"
    assert moment(0)[-6] in "+-"


def test_rows_are_aligned_and_long_cells_cut(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": 1, "text": "x" * 100}, {"id": 22, "text": "first line\nsecond"}]
    print_rows(rows, ("id", "text"), "nothing")
    header, first, second = capsys.readouterr().out.splitlines()
    assert header == "ID  TEXT"
    assert first == f"1   {'x' * 69}…"
    assert second == "22  first line"


def test_no_rows_are_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([], ("id",), "no such jobs")
    assert capsys.readouterr().out == "no such jobs\n"


def test_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"unit": "µm"})
    assert json.loads(capsys.readouterr().out) == {"unit": "µm"}


@pytest.mark.parametrize(
    ("text", "samples"),
    [
        ("35000,7500,7500", Samples()),
        ("10/5/5", Samples(train=10, val=5, test=5)),
        ("1000", Samples(train=700, val=150, test=150)),
    ],
)
def test_samples_are_three_numbers_or_one(text: str, samples: Samples) -> None:
    assert SamplesType().convert(text, None, None) == samples


@pytest.mark.parametrize("text", ["", "a,b,c", "1,2", "0,1,1", "-5"])
def test_other_samples_are_refused(text: str) -> None:
    import click

    with pytest.raises(click.UsageError):
        SamplesType().convert(text, None, None)
