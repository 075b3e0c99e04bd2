"""Figures of forecasts against outcomes: what holds for any lives, and cases worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from storage.queries.in_service.outcomes.figures import (
    Verdict,
    horizon_figures,
    hours_within,
    verdict,
)
from storage.queries.in_service.outcomes.rates import Rate, Share
from storage.queries.in_service.outcomes.report import compared
from storage.queries.in_service.outcomes.rows import EndedLife, Forecast, RaisedAlert, ServiceSpan

HOUR = 3_600_000
END = 1_790_000_000_000

hours = st.floats(0, 1_000)
few = settings(max_examples=20)


def life(
    said: Forecast | None = None, horizon: int = 24, *, failed: bool = True, mode: str | None = None
) -> EndedLife:
    forecasts = {} if said is None else {horizon: said}
    return EndedLife("m", "1", 1, END - 500 * HOUR, END, failed, mode, False, forecasts)


def forecast(
    before: float = 24, rul: float = 24, low: float = 10, high: float = 40, level: str = "warning"
) -> Forecast:
    at = END - round(before * HOUR)
    return Forecast(at, at, 1, level, "bearing", rul, low, high)


@st.composite
def lives(draw: st.DrawFn) -> list[EndedLife]:
    found = []
    for _ in range(draw(st.integers(0, 20))):
        low, rul, high = sorted(draw(st.tuples(hours, hours, hours)))
        level = draw(st.sampled_from(["healthy", "watch", "warning", "alarm", "no_forecast"]))
        said = forecast(draw(st.floats(24, 48)), rul, low, high, level)
        mode = draw(st.sampled_from([None, "bearing", "seal"]))
        failed = draw(st.booleans())
        found.append(life(draw(st.sampled_from([None, said])), failed=failed, mode=mode))
    return found


class TestShares:
    @given(st.lists(st.booleans(), max_size=200))
    def test_the_interval_holds_the_share_and_stays_within_0_and_1(self, cases: list[bool]) -> None:
        share = Share.among(cases)
        assert (share.count, share.of) == (sum(cases), len(cases))
        if cases:
            assert share.share is not None
            assert share.low is not None
            assert share.high is not None
            assert 0 <= share.low <= share.share <= share.high <= 1
        else:
            assert (share.share, share.low, share.high) == (None, None, None)

    @given(st.integers(0, 60), st.integers(1, 60))
    def test_the_interval_is_that_of_scipy(self, count: int, more: int) -> None:
        of = count + more
        share = Share.among(index < count for index in range(of))
        known = stats.binomtest(count, of).proportion_ci(0.9, "wilson")
        assert (share.low, share.high) == pytest.approx((known.low, known.high), abs=1e-9)

    def test_three_lives_say_little(self) -> None:
        share = Share.among([True, True, True])
        assert share.low == pytest.approx(0.526, abs=0.001)
        assert share.high == 1


class TestRates:
    @given(st.integers(0, 500), st.floats(1, 1e6))
    def test_the_interval_holds_the_rate_and_is_nearly_the_exact_one(
        self, count: int, hours: float
    ) -> None:
        rate = Rate.of(count, hours)
        assert rate.per_1000_hours == pytest.approx(count / hours * 1000)
        assert rate.low is not None
        assert rate.high is not None
        assert rate.low <= rate.per_1000_hours <= rate.high
        exact_low = stats.chi2.ppf(0.05, 2 * count) / 2 if count else 0.0
        exact_high = stats.chi2.ppf(0.95, 2 * count + 2) / 2
        assert rate.low * hours / 1000 == pytest.approx(exact_low, abs=0.05)
        assert rate.high * hours / 1000 == pytest.approx(exact_high, abs=0.05)

    def test_without_an_hour_there_is_no_rate(self) -> None:
        assert Rate.of(2, 0.0).per_1000_hours is None


class TestHorizons:
    @few
    @given(lives())
    def test_every_failed_life_is_counted_once(self, found: list[EndedLife]) -> None:
        figures = horizon_figures(24, found)
        assert figures.lives == sum(one.failed for one in found)
        assert figures.lives == figures.hit.of + figures.too_short + figures.without
        assert figures.mode.of <= figures.hit.of
        assert figures.coverage.of == figures.hit.of

    @few
    @given(lives())
    def test_lives_that_maintenance_ended_change_nothing(self, found: list[EndedLife]) -> None:
        failed = [one for one in found if one.failed]
        assert horizon_figures(24, found) == horizon_figures(24, failed)

    @few
    @given(lives())
    def test_a_bias_is_never_larger_than_the_largest_error(self, found: list[EndedLife]) -> None:
        figures = horizon_figures(24, found)
        if figures.bias_hours is None:
            assert figures.hit.of == 0
            assert figures.median_absolute_error_hours is None
        else:
            assert math.isfinite(figures.bias_hours)
            assert figures.median_absolute_error_hours is not None
            assert figures.median_absolute_error_hours >= 0

    def test_the_true_rul_counts_from_the_prediction_and_not_from_the_horizon(self) -> None:
        # The prediction that was current 24 h before was made 30 h before.
        figures = horizon_figures(24, [life(forecast(30, rul=27, low=29, high=31))])
        assert figures.coverage.count == 1
        assert figures.bias_hours == pytest.approx(-3)
        assert figures.median_absolute_error_hours == pytest.approx(3)

    def test_a_hit_is_a_warning_or_an_alarm(self) -> None:
        said = [forecast(level=one) for one in ("healthy", "watch", "warning", "alarm")]
        assert horizon_figures(24, [life(one) for one in said]).hit.count == 2

    def test_a_prediction_without_a_forecast_is_none(self) -> None:
        figures = horizon_figures(24, [life(forecast(level="no_forecast"))])
        assert (figures.without, figures.hit.of, figures.coverage.of) == (1, 0, 0)

    def test_a_life_that_had_not_begun_is_too_short(self) -> None:
        young = replace(life(), began_at=END - 20 * HOUR)
        assert horizon_figures(24, [young]).too_short == 1
        assert horizon_figures(8, [young]).without == 1

    def test_a_mode_counts_only_if_it_was_reported(self) -> None:
        known = [life(forecast(), mode=mode) for mode in ("bearing", "seal", None)]
        mode = horizon_figures(24, known).mode
        assert (mode.count, mode.of) == (1, 2)

    def test_a_prediction_of_readings_that_came_late_is_counted_as_such(self) -> None:
        late = forecast()._replace(created_at=END)
        assert horizon_figures(24, [life(late), life(forecast())]).made_later == 1


def alert(
    *,
    withdrawn: bool = False,
    over: bool = False,
    failed_after: float | None = None,
    known: float = 0,
) -> RaisedAlert:
    """An alert; times are hours after it."""
    failed_at = None if failed_after is None else END + round(failed_after * HOUR)
    return RaisedAlert("m", 1, END, withdrawn, over, failed_at, END + round(known * HOUR))


class TestAlerts:
    @pytest.mark.parametrize(
        ("found", "expected"),
        [
            (alert(over=True, failed_after=40, known=40), Verdict.RIGHT),
            # It was cleared for a while, but the failure came in time.
            (alert(withdrawn=True, over=True, failed_after=40, known=40), Verdict.RIGHT),
            (alert(over=True, failed_after=60, known=60), Verdict.FALSE),
            # Maintenance came soon: it is not known. Later than the horizon: it was too early.
            (alert(over=True, known=10), Verdict.UNDECIDED),
            (alert(over=True, known=60), Verdict.FALSE),
            (alert(withdrawn=True, over=True, known=10), Verdict.FALSE),
            # In service.
            (alert(known=10), Verdict.UNDECIDED),
            (alert(withdrawn=True, known=10), Verdict.UNDECIDED),
            (alert(known=60), Verdict.FALSE),
        ],
    )
    def test_an_alert_is_right_if_the_failure_comes_within_the_planning_horizon(
        self, found: RaisedAlert, expected: Verdict
    ) -> None:
        assert verdict(found, 50.0) is expected

    def test_without_a_planning_horizon_nothing_is_decided(self) -> None:
        assert verdict(alert(known=1_000), None) is Verdict.UNDECIDED


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=20))
def test_hours_of_parts_of_a_period_add_up(ends: list[tuple[int, int]]) -> None:
    spans = [ServiceSpan("m", min(pair) * HOUR, max(pair) * HOUR) for pair in ends]
    parts = [hours_within(spans, 0, 37 * HOUR), hours_within(spans, 37 * HOUR, 100 * HOUR)]
    assert sum(parts) == pytest.approx(sum(abs(a - b) for a, b in ends))


@few
@given(lives())
def test_months_and_versions_add_up_to_the_whole(found: list[EndedLife]) -> None:
    spread = [
        replace(one, ended_at=END + index * 200 * HOUR, forecasts={}) if index % 3 else one
        for index, one in enumerate(found)
    ]
    alerts = [replace(alert(known=60), reading_at=END + index * 400 * HOUR) for index in range(5)]
    spans = [ServiceSpan("m", END, END + 3_000 * HOUR)]
    whole = compared(spread, alerts, spans, {"m": 50.0}, (0, END + 5_000 * HOUR))
    assert sum(month.failed for month in whole.by_month) == whole.failed
    assert sum(month.maintained for month in whole.by_month) == whole.maintained
    assert sum(month.alerts.raised for month in whole.by_month) == 5
    hours_by_month = [month.alerts.false.hours for month in whole.by_month]
    assert sum(hours_by_month) == pytest.approx(whole.alerts.false.hours)
    forecasts = [month.horizons[1].hit.of for month in whole.by_month]
    assert sum(forecasts) == whole.horizons[1].hit.of
    assert sum(one.horizons[1].hit.of for one in whole.by_version) == whole.horizons[1].hit.of


def test_a_quiet_month_in_service_has_a_rate_of_0() -> None:
    spans = [ServiceSpan("m", END, END + 2_000 * HOUR)]
    whole = compared([], [], spans, {"m": 50.0}, (0, END + 2_000 * HOUR))
    assert [month.month for month in whole.by_month] == ["2026-09", "2026-10", "2026-11", "2026-12"]
    assert {month.alerts.false.per_1000_hours for month in whole.by_month} == {0.0}
