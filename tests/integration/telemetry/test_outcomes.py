"""Forecasts against outcomes, on both databases: figures checked by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from cli import fleetforge
from storage.database import database, execute, reading, transaction
from storage.queries.in_service import predictions
from storage.queries.in_service.outcomes import report
from storage.queries.in_service.outcomes.report import Outcomes
from storage.settings import PREFIX, Settings
from storage.telemetry.lives import EndedBy
from tests.integration.serving import Http
from tests.integration.telemetry.judged import add_version, end, say, warn
from tests.integration.telemetry.plant import HOUR, Plant

SILENT = 24.0


def compare(**asked: Any) -> Outcomes:
    return report.outcomes(silent_hours=SILENT, **asked)


def test_the_forecast_at_a_horizon_is_the_newest_one_before_it(plant: Plant) -> None:
    plant.send([plant.reading(hour) for hour in (0, 300)])
    say(plant, 130, "healthy", (100, 200, 300))
    say(plant, 170, "watch", (50, 100, 200))
    say(plant, 270, "warning", (10, 35, 60))
    say(plant, 276, "alarm", (10, 20, 30))
    say(plant, 295, "healthy", (10, 20, 30))
    end(plant, 300, mode="bearing")
    found = compare()
    eight, day, week = found.horizons
    # 292 h: that of 276 h, whose true RUL is 24 h; 276 h: that very one; 132 h: that of 130 h.
    assert [one.hours for one in found.horizons] == [8, 24, 168]
    assert [one.hit.count for one in found.horizons] == [1, 1, 0]
    assert [one.coverage.count for one in found.horizons] == [1, 1, 1]
    assert (eight.bias_hours, day.bias_hours, week.bias_hours) == (-4, -4, 30)
    assert [one.median_absolute_error_hours for one in found.horizons] == [4, 4, 30]
    assert [(one.mode.count, one.mode.of) for one in found.horizons] == [(1, 1)] * 3
    assert (found.failed, found.maintained, found.shortened) == (1, 0, False)


def test_an_old_prediction_is_no_forecast_any_more(plant: Plant) -> None:
    plant.send([plant.reading(hour) for hour in (0, 300)])
    say(plant, 252, "alarm")
    end(plant, 300)
    eight, day, week = compare().horizons
    assert (eight.without, eight.hit.of) == (1, 0)  # 40 h before 292 h.
    assert (day.without, day.hit.of) == (0, 1)  # 24 h before 276 h: just not too old.
    assert (week.without, week.too_short) == (1, 0)


def test_a_prediction_of_the_life_before_says_nothing_of_this_one(plant: Plant) -> None:
    plant.send([plant.reading(hour) for hour in (0, 300)])
    say(plant, 95, "alarm")
    end(plant, 100, EndedBy.MAINTENANCE)
    end(plant, 110)
    found = compare()
    assert (found.failed, found.maintained) == (1, 1)
    eight, day, _ = found.horizons
    assert (eight.without, eight.too_short) == (1, 0)
    assert day.too_short == 1


def test_lives_that_maintenance_ended_are_counted_and_not_judged(plant: Plant) -> None:
    for unit in ("1", "2"):
        plant.send([plant.reading(hour, unit) for hour in (0, 300)])
        say(plant, 280, "healthy", unit=unit)
    warn(plant, 280, None)
    end(plant, 300, EndedBy.MAINTENANCE)
    end(plant, 300, EndedBy.MAINTENANCE, unit="2")
    found = compare()
    assert (found.failed, found.maintained, found.maintained_under_alert) == (0, 2, 1)
    assert all(one.lives == one.hit.of == 0 for one in found.horizons)


def test_false_alarms_are_those_without_a_failure_in_the_planning_horizon(plant: Plant) -> None:
    add_version(plant, 1)
    plant.send([plant.reading(hour) for hour in (0, 900)])
    for hour in (100, 300):
        say(plant, hour, "warning")
    warn(plant, 120, "readings")
    warn(plant, 210, "readings", level="watch")  # Never was a warning.
    warn(plant, 260, None)
    end(plant, 300)
    say(plant, 310, "warning", life=2)
    say(plant, 600, "healthy", life=2)
    warn(plant, 310, "readings", life=2)
    warn(plant, 590, None, life=2)
    end(plant, 600, EndedBy.MAINTENANCE)
    alerts = compare().alerts
    # 120 h: 180 h too early; 260 h: right; 310 h: taken back; 590 h: maintenance came first.
    assert (alerts.raised, alerts.right, alerts.false.count, alerts.undecided) == (4, 1, 2, 1)
    assert alerts.false.hours == pytest.approx(200 + 290)
    assert alerts.false.per_1000_hours == pytest.approx(2 / 0.49)
    later = compare(since=plant.now + 305 * HOUR).alerts
    assert (later.raised, later.false.count) == (2, 1)
    assert later.false.hours == pytest.approx(290)


def test_each_version_has_the_forecasts_that_it_made_and_each_month_its_lives(plant: Plant) -> None:
    add_version(plant, 1)
    add_version(plant, 2)
    plant.send([plant.reading(hour) for hour in (0, 950)])
    say(plant, 176, "warning", version=1)
    say(plant, 190, "alarm", version=2)
    warn(plant, 189)
    end(plant, 200)
    say(plant, 890, "alarm", version=2, life=2)
    end(plant, 900)
    found = compare()
    assert [(one.machine_id, one.version) for one in found.by_version] == [
        ("press_1", 1),
        ("press_1", 2),
    ]
    first, second = found.by_version
    assert [one.hit.of for one in first.horizons] == [0, 1, 0]
    assert [one.hit.of for one in second.horizons] == [2, 0, 0]
    assert [one.alerts.right for one in found.by_version] == [0, 1]
    assert len(found.by_month) in (1, 2)  # 700 hours lie between.
    assert sum(month.failed for month in found.by_month) == 2
    assert compare(until=plant.now + 200 * HOUR).failed == 1


def test_a_removed_version_keeps_its_forecasts(plant: Plant) -> None:
    add_version(plant, 1)
    plant.send([plant.reading(hour) for hour in (0, 300)])
    say(plant, 290, "alarm", version=1)
    end(plant, 300)
    with transaction():
        execute("DELETE FROM predictors")
    (removed,) = compare().by_version
    assert (removed.version, removed.horizons[0].hit.count) == (None, 1)


def test_of_too_many_lives_the_newest_are_judged(plant: Plant) -> None:
    plant.send([plant.reading(hour) for hour in (0, 900)])
    for hour in (100, 200, 300, 400):
        end(plant, hour)
    found = compare(most=2)
    assert (found.failed, found.shortened) == (2, True)
    assert found.since == plant.now + 200 * HOUR + 1


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_played_life_is_judged_by_what_was_kept_of_it(plant: Plant) -> None:
    plant.train()
    life = plant.life()
    for place in range(0, len(life), 20):
        plant.send(life[place : place + 20])
        plant.work()
    ended = (life[-1].at - plant.now) / HOUR + 1
    end(plant, ended, mode="bearing")
    kept = predictions.predictions("press_1", "1", limit=1_000)
    for figures in compare().horizons:
        then = plant.now + round(ended * HOUR) - figures.hours * HOUR
        before = [one for one in kept if one.predicted_at <= then]
        said = before[0] if before else None
        if said is None or then - said.predicted_at > SILENT * HOUR:
            assert figures.hit.of == 0
            continue
        true = (plant.now + round(ended * HOUR) - said.predicted_at) / HOUR
        assert said.rul_hours is not None
        assert said.rul_low_hours is not None
        assert said.rul_high_hours is not None
        assert figures.bias_hours == pytest.approx(said.rul_hours - true)
        assert figures.hit.count == (said.level in ("warning", "alarm"))
        assert figures.coverage.count == (said.rul_low_hours <= true <= said.rul_high_hours)
        assert figures.made_later == 1  # The life was played long after it.
    alerts = compare().alerts
    assert (alerts.right, alerts.false.count) == (1, 0)


def outcomes_json(settings: Settings, *arguments: str) -> Any:
    database.close()
    environment = {f"{PREFIX}HOME": str(settings.home)}
    if settings.database_url is not None:
        environment[f"{PREFIX}DATABASE_URL"] = settings.database_url.get_secret_value()
    done = CliRunner(env=environment).invoke(
        fleetforge, ["outcomes", *arguments], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_command_prints_the_figures_with_their_number_of_cases(plant: Plant) -> None:
    assert outcomes_json(plant.settings).startswith("0 failures")
    plant.send([plant.reading(hour) for hour in (0, 300)])
    say(plant, 290, "alarm", (5, 9, 12))
    end(plant, 300, mode="bearing")
    text = outcomes_json(plant.settings, "--machine", "press_1")
    assert "1 failures; 0 lives ended by maintenance" in text
    assert "100% (27% to 100%) of 1" in text
    document = outcomes_json(plant.settings, "--json", "--since", "2001-01-01")
    assert document["horizons"][0]["hit"]["count"] == 1
    assert document["since"] == 978_307_200_000
    later = outcomes_json(plant.settings, "--json", "--since", "2100-01-01T00:00+01:00")
    assert later["failed"] == 0


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_service_answers_what_the_command_prints(http: Http) -> None:
    plant = Plant(http.service.settings)
    plant.add_machine()
    plant.add_machine("press_2")
    plant.send([plant.reading(hour) for hour in (0, 300)])
    say(plant, 290, "alarm", (5, 9, 12))
    end(plant, 300, mode="bearing")
    answer = http.get("/api/gan/outcomes", params={"machine_id": "press_1"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == outcomes_json(plant.settings, "--json", "--machine", "press_1")
    other = http.get("/api/gan/outcomes", params={"machine_id": "press_2"}).json()
    assert (other["failed"], other["alerts"]["raised"]) == (0, 0)
    assert http.get("/api/gan/outcomes", params={"machine_id": "nope"}).status_code == 404
    assert http.get("/api/gan/outcomes", params={"since": "x"}).status_code == 422


def test_nothing_is_judged_in_an_empty_ledger(plant: Plant) -> None:
    found = compare(machine_id="press_1")
    assert (found.failed, found.alerts.raised, found.by_month, found.by_version) == (0, 0, [], [])
    assert found.alerts.false.per_1000_hours is None
    with reading():
        assert execute("SELECT COUNT(*) FROM lives") == [(0,)]
