"""Windows from texts, in local time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from errors import InvalidInput
from GAN.maintenance.windows import parse_windows

BERLIN = "Europe/Berlin"


def starts(text: str, after: datetime, *, weeks: int) -> list[str]:
    found = parse_windows([f"{text}, 1 unit"], after=after, zone=BERLIN, weeks=weeks)
    return [window.start.isoformat() for window in found]


def test_a_weekly_rule_begins_with_the_first_window_after_a_time() -> None:
    after = datetime(2026, 12, 6, 5, 30, tzinfo=UTC)  # Sunday, 06:30 in Berlin.
    assert starts("sunday 06:00-14:00", after, weeks=2) == [
        "2026-12-13T06:00:00+01:00",
        "2026-12-20T06:00:00+01:00",
    ]
    assert starts("Every Sun 06:30-14:00", after, weeks=1) == ["2026-12-06T06:30:00+01:00"]


def test_a_weekly_rule_keeps_its_local_time_when_the_clocks_change() -> None:
    found = parse_windows(
        ["sunday 06:00-14:00, 1 unit"],
        after=datetime(2026, 10, 17, tzinfo=UTC),
        zone=BERLIN,
        weeks=2,
    )
    assert [window.start.isoformat() for window in found] == [
        "2026-10-18T06:00:00+02:00",
        "2026-10-25T06:00:00+01:00",
    ]
    assert found[1].start.timestamp() - found[0].start.timestamp() == 169 * 3600


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 5.0), ("2026-10-24", 7.0), ("2026-11-07", 6.0)]
)
def test_a_window_over_a_change_of_the_clocks_is_as_long_as_it_is(day: str, hours: float) -> None:
    after = datetime.fromisoformat(f"{day}T00:00+00:00")
    (found,) = parse_windows(["sat 22:00-04:00, 1 unit"], after=after, zone=BERLIN, weeks=1)
    assert found.hours == hours


def test_a_time_that_the_clocks_skip_is_moved_on() -> None:
    after = datetime(2026, 3, 28, tzinfo=UTC)
    assert starts("sunday 02:30-06:00", after, weeks=1) == ["2026-03-29T03:30:00+02:00"]


def test_single_windows_and_rules_are_sorted_and_have_their_own_capacities() -> None:
    found = parse_windows(
        [
            "sunday 06:00-24:00, 8 hours",
            "2026-12-03T06:00/2026-12-03T14:00, 3 units, 16.5 h",
            "2026-12-02T06:00Z/2026-12-02T14:00+02:00, 1 unit",
        ],
        after=datetime(2026, 12, 1, tzinfo=UTC),
        zone=BERLIN,
        weeks=1,
    )
    assert [(each.hours, each.units, each.work_hours) for each in found] == [
        (6.0, 1, None),
        (8.0, 3, 16.5),
        (18.0, None, 8.0),
    ]
    assert found[0].start.utcoffset() == timedelta(0)
    assert found[1].start.utcoffset() == timedelta(hours=1)


def test_every_bad_text_is_reported_with_what_to_write() -> None:
    texts = [
        "someday 06:00-14:00",
        "sunday 26:00-14:00",
        "tomorrow",
        "2026-13-01T06:00/2026-12-06T14:00",
        "2026-12-06T14:00/2026-12-06T06:00",
        "sunday 06:00-14:00, three units",
        "9999-12-31T23:00-05:00/9999-12-31T23:30-05:00",
        "sunday 06:00-14:00, 1 unit",
        "0001-01-01T00:00/0001-01-01T01:00",
    ]
    with pytest.raises(InvalidInput) as caught:
        parse_windows(texts, after=datetime(2026, 12, 1), zone="Europe", weeks=0)
    paths = [problem.path for problem in caught.value.problems]
    assert paths[:3] == ["weeks", "after", "zone"]
    assert {f"windows[{n}]" for n in range(6)} <= set(paths)
    assert "windows[7]" not in paths
    assert all(problem.advice for problem in caught.value.problems)


def test_a_window_needs_a_capacity() -> None:
    with pytest.raises(InvalidInput, match="no capacity"):
        parse_windows(["sunday 06:00-14:00"], after=datetime(2026, 12, 1, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["", "../etc", "Europe", "Nowhere/Town", "/etc/passwd", "a\0b"])
def test_what_is_not_a_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInput, match="not a time zone"):
        parse_windows(
            ["sunday 06:00-14:00, 1 unit"], after=datetime(2026, 12, 1, tzinfo=UTC), zone=zone
        )
