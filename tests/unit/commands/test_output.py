"""What the commands print."""

from __future__ import annotations

import json

import pytest

from commands.machines.planning import SamplesType
from commands.output import duration, moment, print_json, print_rows, print_screen
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


def test_rows_are_aligned_and_long_sentences_cut_but_no_path(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = f"/folder/{'x' * 100}.parquet"
    texts = ["a sentence " + "x" * 100, "first line\nsecond", path]
    print_rows([{"id": n, "text": text} for n, text in enumerate(texts)], ("id", "text"), "nothing")
    header, first, second, third = capsys.readouterr().out.splitlines()
    assert header.split() == ["ID", "TEXT"]
    assert first == f"0   a sentence {'x' * 58}…"
    assert second == "1   first line"
    assert third == f"2   {path}"


def test_a_screen_has_as_many_rows_as_fit_and_counts_the_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "6")
    rows = [{"id": n, "status": "failed" if n < 2 else "onboarded"} for n in range(9)]
    print_screen(rows, ("id", "status"), "nothing", by="status")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[-1] == "and 6 more: 6 onboarded"
    print_screen(rows[:4], ("id", "status"), "nothing", by="status")
    assert len(capsys.readouterr().out.splitlines()) == 5


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
