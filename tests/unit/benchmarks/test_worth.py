"""`make bench-worth` measures what it says, and no side sees a unit outside the known ones."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.worth.draws import Draw

KNOWN = 6


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    from benchmarks.worth.law import law

    return law(units=30)


@pytest.fixture(scope="module")
def draw(frame: pd.DataFrame) -> Draw:
    from benchmarks.worth.draws import drawn

    return drawn(frame, KNOWN, 0)


@pytest.fixture(scope="module")
def sides(draw: Draw) -> dict[str, Any]:
    from benchmarks.worth.measure import BOOSTING, MAKERS, SIDES, measured

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MAKERS, "copy", lambda known, _: known.lives)
        return measured(draw, (*SIDES, "copy"), [BOOSTING])


def readings_of(lives: pd.DataFrame) -> set[float]:
    return set(lives["sensor_1"].to_numpy())


def test_known_and_asked_units_share_no_reading(frame: pd.DataFrame, draw: Draw) -> None:
    assert not readings_of(draw.known.lives) & readings_of(draw.unseen)
    assert readings_of(draw.known.lives) | readings_of(draw.unseen) == readings_of(frame)
    assert list(draw.known.lives["unit_id"].unique()) == list(range(1, KNOWN + 1))


def test_every_unit_is_cut_equally_often(draw: Draw) -> None:
    from benchmarks.worth.draws import CUTS

    cuts = draw.unseen.iloc[draw.cuts]["unit_id"].value_counts()
    assert set(cuts) == {CUTS}
    assert len(cuts) == draw.unseen["unit_id"].nunique()


def test_what_the_sides_see_does_not_depend_on_other_units(frame: pd.DataFrame) -> None:
    from benchmarks.worth.draws import drawn

    before = drawn(frame, KNOWN, 0)
    others = ~frame["sensor_1"].isin(readings_of(before.known.lives))
    changed = frame.copy()
    changed.loc[others, "sensor_1"] *= 1_000.0
    after = drawn(changed, KNOWN, 0)
    assert not after.unseen.equals(before.unseen)
    assert after.known.lives.equals(before.known.lives)
    assert after.known.profile == before.known.profile
    assert [field.name for field in fields(after.known)] == ["lives"]


def test_a_forecast_depends_on_nothing_after_its_cut(draw: Draw) -> None:
    from benchmarks.worth.learners import boosting, rul_head

    unseen, row = draw.unseen, int(draw.cuts[0])
    one = replace(draw, cuts=draw.cuts[:1])
    later = (unseen.index > row) & (unseen["unit_id"] == unseen["unit_id"][row])
    assert later.any()
    changed = unseen.assign(rul_hours=-1.0)
    changed.loc[later, "sensor_1"] += 100.0
    blind = replace(one, unseen=changed)
    for learner in (boosting, rul_head):
        assert learner(draw.known.lives, blind) == learner(draw.known.lives, one)


@pytest.mark.parametrize("side", ["augmented", "functional PCA", "block bootstrap"])
def test_a_side_makes_whole_lives(draw: Draw, side: str) -> None:
    from benchmarks.worth.measure import MAKERS

    known = draw.known
    lives = MAKERS[side](known, 1)
    assert list(lives) == list(known.lives)
    assert np.isfinite(lives.drop(columns="failure_mode").to_numpy(float)).all()
    assert set(lives["failure_mode"]) <= set(known.lives["failure_mode"])
    units = lives.groupby("unit_id")
    assert units.ngroups >= 50
    assert (units["cycle_hour"].first() == 0).all()
    length = lives["cycle_hour"] + lives["rul_hours"]
    assert np.allclose(length, length.groupby(lives["unit_id"]).transform("first"))
    assert (units["rul_hours"].last() < known.step).all()


def test_a_side_that_is_the_known_units_has_the_ratio_1(sides: dict[str, Any]) -> None:
    from benchmarks.worth.summary import summary

    entries = summary([{"set": "law", "known": KNOWN, "draw": 0, "sides": sides}])
    ratios = {entry["side"]: entry["rmse_ratio"]["ratio"] for entry in entries}
    assert ratios["copy"] == ratios["known"] == 1.0
    assert all(ratio != 1.0 for side, ratio in ratios.items() if side not in ("copy", "known"))


def test_lives_of_the_known_units_are_less_told_apart_than_generated_ones(
    sides: dict[str, Any],
) -> None:
    assert sides["known"]["windows_auc"] < sides["ours"]["windows_auc"]
    assert all(0.0 <= one["lives_ks"] <= 1.0 for one in sides.values() if "lives_ks" in one)


def test_a_side_that_refuses_the_known_units_is_counted(frame: pd.DataFrame) -> None:
    from benchmarks.worth.draws import drawn
    from benchmarks.worth.measure import BOOSTING, LEARNERS, OURS, OURS_TOO, RUL_HEAD, measured
    from benchmarks.worth.summary import summary

    names = [name for name in frame if name.startswith("se")]
    still = frame.assign(**dict.fromkeys(names, frame["rul_hours"] % 5.0 - 2.0))
    found = measured(drawn(still, KNOWN, 0), (OURS, OURS_TOO), list(LEARNERS))
    assert "no sensor ends a life" in found[OURS]["refused"]
    assert found[OURS_TOO] == found[OURS]
    assert BOOSTING in found["known"]
    assert RUL_HEAD not in found["known"]
    draws = [{"set": "law", "known": KNOWN, "draw": 0, "sides": found}]
    assert [entry["side"] for entry in summary(draws)] == ["known"]


def test_by_age_is_the_mean_rul_of_those_that_lived_longer(draw: Draw) -> None:
    from benchmarks.worth.learners import by_age

    lives, cut = draw.known.lengths, draw.unseen.iloc[draw.cuts]
    for age, forecast in zip(cut["cycle_hour"], by_age(draw), strict=True):
        left = [min(length - age, draw.cap) for length in lives if length > age]
        assert forecast == pytest.approx(np.mean(left) if left else 0.0)


def test_window_features_are_means_and_slopes_of_the_time_before(draw: Draw) -> None:
    from benchmarks.worth.windows import Windows, window_features

    lives = draw.known.lives
    windows = Windows(5.0, 20.0)
    row = int(np.flatnonzero(lives["unit_id"] == 2)[60])
    found = window_features(lives, np.array([row]), windows)[0]
    sensors, hour = list(lives)[4:], lives["cycle_hour"][row]
    mine = lives[(lives["unit_id"] == 2) & (lives["cycle_hour"] <= hour)]
    count = len(sensors)
    short, long = (mine[mine["cycle_hour"] > hour - window] for window in windows)
    assert len(short), len(long) == (5, 20)
    first = mine[mine["cycle_hour"] < windows.short][sensors].mean()
    slopes = [np.polyfit(each["cycle_hour"], each[sensors], 1)[0] for each in (short, long)]
    parts = [mine[sensors].iloc[-1], short[sensors].mean(), long[sensors].mean(), *slopes]
    parts.append(short[sensors].mean() - first)
    assert found == pytest.approx(np.concatenate([*parts, [hour]]), abs=1e-9)
    assert len(found) == 6 * count + 1


def test_functional_pca_keeps_how_life_goes_with_the_first_reading(draw: Draw) -> None:
    from benchmarks.worth.draws import Known
    from benchmarks.worth.lives import lengths
    from benchmarks.worth.sides.functional_pca import functional_pca

    lives = draw.known.lives
    length = lives["cycle_hour"] + lives["rul_hours"]
    lives = lives.assign(sensor_1=np.log(length) + lives["cycle_hour"] / length)
    made = functional_pca(Known(lives), 0)
    start = made.groupby("unit_id")["sensor_1"].first()
    assert np.corrcoef(start, np.log(lengths(made)))[0, 1] > 0.95


def test_an_interval_is_that_of_t_on_logarithms() -> None:
    from benchmarks.worth.summary import ratio

    found = ratio([math.log(0.5), math.log(2.0)])
    assert found["ratio"] == pytest.approx(1.0)
    half = 12.7062 * math.log(2.0)
    assert math.log(found["high"]) == pytest.approx(half, rel=1e-4)
    assert math.log(found["low"]) == pytest.approx(-half, rel=1e-4)
    assert "low" not in ratio([0.1])


def test_the_mean_of_measured_sets_leaves_simulated_ones_out() -> None:
    from benchmarks.worth.measure import BOOSTING
    from benchmarks.worth.summary import MEASURED, summary

    def figures(error: float) -> dict[str, Any]:
        return {BOOSTING: {"rmse": error, "mae": error}}

    draws = [
        {"set": name, "known": 3, "draw": 0, "sides": {"known": figures(1.0), "a": figures(error)}}
        for name, error in {"law": 9.0, "FD001": 5.0, "nca": 2.0, "mit": 8.0}.items()
    ]
    means = [entry for entry in summary(draws) if entry["set"] == MEASURED]
    assert {entry["side"]: entry["rmse_ratio"]["ratio"] for entry in means} == {
        "known": pytest.approx(1.0),
        "a": pytest.approx(4.0),
    }


def test_learners_agree_if_they_put_a_side_on_the_same_side_of_the_known_units() -> None:
    from benchmarks.worth.measure import BOOSTING, RUL_HEAD
    from benchmarks.worth.summary import agreement

    def figures(first: float, second: float) -> dict[str, Any]:
        return {BOOSTING: {"rmse": first}, RUL_HEAD: {"rmse": second}}

    errors = {"a": (5.0, 30.0), "b": (8.0, 40.0), "c": (15.0, 70.0), "d": (12.0, 10.0)}
    sides = {name: figures(*pair) for name, pair in {"known": (10.0, 50.0), **errors}.items()}
    found = agreement([{"set": "law", "known": 3, "draw": 0, "sides": sides}])
    assert found is not None
    assert found["pairs"] == 4
    assert found["same"] == 0.75
    assert found["by_chance"] == pytest.approx(0.5 * 0.25 + 0.5 * 0.75)
    assert found["rank_correlation"] == pytest.approx(0.4)


def test_a_kept_side_is_not_measured_again(frame: pd.DataFrame, tmp_path: Path) -> None:
    from benchmarks.worth.measure import BOOSTING
    from benchmarks.worth.run import Plan, measured_draws

    kept = tmp_path / "draws.jsonl"
    draw = {"set": "law", "known": KNOWN, "draw": 0, "sides": {"known": {}}}
    kept.write_text(json.dumps(draw) + "\n")
    frames = {"law": frame}
    # Of 30 units, 16 known ones leave too few to ask about.
    plan = Plan((KNOWN, 16), 1, ("known",), (BOOSTING,), kept=kept)
    assert measured_draws(frames, plan) == [draw]
    (more,) = measured_draws(frames, replace(plan, sides=("known", "augmented")))
    assert more["sides"]["augmented"][BOOSTING]["rmse"] > 0
    assert len(kept.read_text().splitlines()) == 2
    assert measured_draws(frames, replace(plan, sides=("known", "augmented"))) == [more]


def test_the_plot_is_a_whole_file_with_a_panel_a_set(sides: dict[str, Any]) -> None:
    from xml.etree.ElementTree import fromstring

    from benchmarks.worth.measure import BOOSTING
    from benchmarks.worth.plot import worth_plot
    from benchmarks.worth.summary import summary

    shown = {side: found for side, found in sides.items() if side != "copy"}
    draws = [
        {"set": name, "known": KNOWN, "draw": number, "sides": shown}
        for name in ("law", "nca")
        for number in range(2)
    ]
    root = fromstring(worth_plot(summary(draws), BOOSTING))
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"law", "nca", "measured, mean", "ours", "functional PCA"} <= set(words)
