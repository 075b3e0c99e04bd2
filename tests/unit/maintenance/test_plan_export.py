"""A plan as JSON, CSV and iCalendar, read back."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from GAN.maintenance.plan import Plan
from GAN.maintenance.plan_calendar import icalendar_of
from GAN.maintenance.plan_csv import COLUMNS, csv_of
from GAN.maintenance.planning import plan
from tests.unit.maintenance.fleets import NOW, TERMS, fleet, unit, windows


@pytest.fixture
def crowded() -> Plan:
    return plan(fleet(1, 12), windows(3, units=2), TERMS)


def rows(found: Plan) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_of(found))))


def events(found: Plan) -> list[Any]:
    from icalendar import Calendar

    return list(Calendar.from_ical(icalendar_of(found)).walk("VEVENT"))


def test_json_has_built_in_types_only_and_the_total_costs(crowded: Plan) -> None:
    document = json.loads(json.dumps(crowded.as_json(), allow_nan=False))
    parts = [*document["stops"], *document["left_out"]]
    assert sum(each["expected_cost"] for each in parts) == pytest.approx(crowded.expected_cost)
    assert document["windows"][0]["window"]["start"] == "2026-12-02T12:00:00+00:00"


def test_csv_has_one_row_for_each_unit(crowded: Plan) -> None:
    found = rows(crowded)
    assert tuple(found[0]) == COLUMNS
    assert {row["unit"] for row in found} == {f"{index:04d}" for index in range(12)}
    stops = [row for row in found if row["decision"] == "stop"]
    assert len(stops) == len(crowded.stops)
    total = sum(float(row["expected_cost"]) for row in found)
    assert total == pytest.approx(crowded.expected_cost)
    assert stops[0]["window_start"] == crowded.window_of(crowded.stops[0]).start.isoformat()


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\n=1"])
def test_no_cell_of_csv_is_a_formula(name: str) -> None:
    for median in (100.0, 5_000.0):
        (row,) = rows(plan([unit(name, median)], windows(1, units=1), TERMS))
        assert row["unit"] == f"'{name}"


def test_names_with_commas_quotes_and_lines_are_kept_by_csv_and_icalendar() -> None:
    name = 'pump "7", hall; B\nBEGIN:VEVENT'
    found = plan([unit(name, 100.0, 0.2)], windows(1, units=1), TERMS)
    assert rows(found)[0]["unit"] == name
    (event,) = events(found)
    assert f"unit {name} (" in str(event["summary"])


def test_icalendar_has_one_event_for_each_stop(crowded: Plan) -> None:
    found = events(crowded)
    assert len(found) == len(crowded.stops)
    for event, stop in zip(found, crowded.stops, strict=True):
        window = crowded.window_of(stop)
        assert (event.start, event.end) == (window.start, window.end)
        assert f"unit {stop.unit} " in event["summary"]
        assert str(event["description"]) == stop.reason


def test_a_unit_in_a_window_keeps_its_uid_in_the_next_plan() -> None:
    units, times = [unit("a", 100.0, 0.2), unit("b", 110.0, 0.2)], windows(1, units=2)
    first = plan(units, times, TERMS)
    later = [replace(each, forecast_at=NOW + timedelta(hours=1)) for each in units]
    again = plan(later, times, TERMS)
    uids = [str(event["uid"]) for event in events(first)]
    assert len(set(uids)) == 2
    assert uids == [str(event["uid"]) for event in events(again)]
    moved = [replace(times[0], end=times[0].end + timedelta(hours=1))]
    assert not set(uids) & {str(event["uid"]) for event in events(plan(units, moved, TERMS))}


def test_the_same_plan_is_the_same_file(crowded: Plan) -> None:
    assert icalendar_of(crowded) == icalendar_of(crowded)
    assert icalendar_of(crowded).startswith("BEGIN:VCALENDAR\r\n")
