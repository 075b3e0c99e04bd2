"""Units, alerts and outcomes in the service's Prometheus metrics."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.responses.unit_metrics import OUTCOMES_SECONDS, UNITS_SECONDS, UnitMetrics
from storage.database import execute, transaction
from storage.queries.in_service import unit_statistics
from tests.integration.serving import Http
from tests.integration.telemetry.judged import add_version, end, say, warn
from tests.integration.telemetry.plant import HOUR, Plant

KIND = {"machine_type": "pump"}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def plant(http: Http) -> Plant:
    """A plant whose predictor gives forecasts, with a worn unit and one without a prediction."""
    found = Plant(http.service.settings)
    found.add_machine()
    add_version(found, 1)
    found.send([found.reading(100, "worn"), found.reading(1, "new"), found.reading(2, "new")])
    say(found, 100, "alarm", (5, 10, 40), unit="worn")
    warn(found, 100, level="alarm", unit="worn")
    with transaction():
        execute(
            """UPDATE units SET level = 'alarm', condition_at = seen_at, predicted_at = seen_at
            WHERE unit = 'worn'"""
        )
    return found


def sample(text: str, name: str, **labels: Any) -> float | None:
    found = [
        one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == f"fleetforge_{name}" and one.labels == labels
    ]
    assert len(found) < 2
    return found[0] if found else None


def test_levels_alerts_ages_and_waiting_readings_are_shown_by_machine_type(
    http: Http, plant: Plant
) -> None:
    text = http.get("/metrics").text
    assert sample(text, "units", level="alarm", **KIND) == 1
    assert sample(text, "units", level="no_forecast", **KIND) == 1
    assert sample(text, "units", level="healthy", **KIND) == 0
    assert sample(text, "open_alerts", level="alarm", **KIND) == 1
    assert sample(text, "open_alerts", level="watch", **KIND) == 0
    # The newest reading of `new` is 998 hours old, and that of `worn` 900.
    oldest = sample(text, "reading_age_seconds", over_units="max", **KIND)
    assert oldest == pytest.approx(998 * 3600, abs=100)
    assert sample(text, "reading_lag_seconds", over_units="max", **KIND) == pytest.approx(
        oldest, abs=100
    )
    predicted = sample(text, "prediction_age_seconds", over_units="median", **KIND)
    assert predicted == pytest.approx(900 * 3600, abs=100)
    assert (sample(text, "waiting_units"), sample(text, "waiting_readings")) == (1, 2)


def test_outcomes_are_shown_by_horizon(http: Http, plant: Plant) -> None:
    assert sample(UnitMetrics(24.0).text().decode(), "outcome_hit_ratio", hours="8") is None
    end(plant, 120, unit="worn", mode="bearing")
    text = http.get("/metrics").text
    assert sample(text, "ended_lives", ended_by="failure") == 1
    assert sample(text, "outcome_forecasts", hours="8") == 1
    assert sample(text, "outcome_hit_ratio", hours="8") == 1
    assert sample(text, "outcome_mode_ratio", hours="8") == 1
    assert sample(text, "outcome_hit_ratio", hours="24") is None
    assert sample(text, "judged_alerts", verdict="right") == 1


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_scrape_computes_nothing_that_is_a_few_seconds_old(plant: Plant) -> None:
    clock = Clock()
    metrics = UnitMetrics(24.0, clock)
    first = metrics.text()
    with transaction():
        execute("DELETE FROM alerts")
    clock.seconds = UNITS_SECONDS - 0.1
    assert metrics.text() == first
    clock.seconds = UNITS_SECONDS
    assert sample(metrics.text().decode(), "open_alerts", level="alarm", **KIND) == 0
    assert sample(metrics.text().decode(), "judged_alerts", verdict="undecided") == 1
    clock.seconds = OUTCOMES_SECONDS
    assert sample(metrics.text().decode(), "judged_alerts", verdict="undecided") == 0


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_number_of_figures_does_not_grow_with_the_fleet(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = UnitMetrics(24.0).text().count(b"\n")
    plant.send([plant.reading(1, str(unit)) for unit in range(50)])
    assert UnitMetrics(24.0).text().count(b"\n") == few
    monkeypatch.setattr(unit_statistics, "MOST_TYPES", 0)
    merged = UnitMetrics(24.0).text().decode()
    others = {"machine_type": unit_statistics.OTHERS}
    assert sample(merged, "units", level="no_forecast", **others) == 51
    assert sample(merged, "open_alerts", level="alarm", **others) == 1


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_silent_unit_has_no_forecast_and_no_age(plant: Plant) -> None:
    with transaction():
        execute("UPDATE units SET received_at = received_at - :ms", ms=25 * HOUR)
    text = UnitMetrics(24.0).text().decode()
    assert sample(text, "units", level="no_forecast", **KIND) == 2
    assert sample(text, "reading_age_seconds", over_units="max", **KIND) is None
