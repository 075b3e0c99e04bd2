"""The drawings' shapes are where the data say that they should be."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from GAN.config.quality_gates import GATES
from GAN.evaluation.comparison import Correlations, Histogram, Life, SensorLives
from GAN.evaluation.gates import Gate, Light
from GAN.evaluation.validity import SplitCheck
from GAN.reporting.plots.axis import Axis
from GAN.reporting.plots.matrix import correlation_matrix
from GAN.reporting.plots.sensors import histogram, lives
from GAN.reporting.plots.svg import Drawing
from GAN.reporting.plots.training import loss_curve, set_sizes
from GAN.reporting.plots.zones import zone_bar

SENTENCE = 'A <b>"sentence"</b> & more'


def parsed(drawing: Drawing) -> Element:
    return ElementTree.fromstring(drawing.markup())


def points(path: Element) -> list[tuple[float, float]]:
    """The corners of a path of straight lines."""
    found: list[tuple[float, float]] = []
    for command, numbers in re.findall(r"([MLHV])([-\d. ]+)", path.attrib["d"]):
        given = [float(each) for each in numbers.split()]
        x, y = found[-1] if found else (0.0, 0.0)
        if command in "ML":
            x, y = given
        elif command == "H":
            (x,) = given
        else:
            (y,) = given
        found.append((x, y))
    return found


def of_style(drawing: Element, style: str) -> list[Element]:
    return [each for each in drawing if each.attrib["class"] == style]


def number(element: Element, name: str) -> float:
    return float(element.attrib[name])


def text_at(drawing: Element, words: str) -> float:
    """Where a text is, horizontally."""
    (found,) = [each for each in drawing.iter("text") if each.text == words]
    return number(found, "x")


def test_a_drawing_is_an_image_whose_alternative_is_its_sentence() -> None:
    drawing = parsed(loss_curve([2.0, 1.0], SENTENCE))
    assert (drawing.attrib["role"], drawing.attrib["aria-label"]) == ("img", SENTENCE)


def test_text_cannot_become_markup() -> None:
    drawing = Drawing(10, 10, SENTENCE)
    drawing.text("small", (0, 0), "<img src=x onerror=alert(1)>")
    ((text,),) = parsed(drawing)
    assert text.text == "<img src=x onerror=alert(1)>"
    assert "<img" not in drawing.markup()


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.013, 0.019, [0.014, 0.016, 0.018]),
        (-30, 70, [-20, 0, 20, 40, 60]),
        (101_000, 199_000, [120_000, 140_000, 160_000, 180_000]),
        (5, 5, [5]),
    ],
)
def test_ticks_are_round_numbers_on_the_scale(low: float, high: float, ticks: list[float]) -> None:
    assert Axis(low, high, 0, 100).ticks(6) == pytest.approx(ticks)


def test_the_steps_of_a_histogram_are_as_high_as_the_shares_of_its_bins() -> None:
    counts = Histogram(
        name="flow", unit="m3/h", edges=(10, 20, 30, 50), seed=(1, 3, 0), synthetic=(20, 10, 10)
    )
    drawing = parsed(histogram(counts, SENTENCE))
    (seed,), (made,) = of_style(drawing, "seed"), of_style(drawing, "synthetic")
    corners = points(seed)
    floor, top = corners[0][1], corners[3][1]
    # The largest share of both, 3 of 4, is the full height.
    heights = [(floor - y) / (floor - top) for _, y in corners[1:-2:2]]
    assert heights == pytest.approx([1 / 3, 1, 0], abs=0.01)
    of_made = [(floor - y) / (floor - top) for _, y in points(made)[1:-2:2]]
    assert of_made == pytest.approx([0.5 / 0.75, 0.25 / 0.75, 0.25 / 0.75], abs=0.01)
    left, right = corners[0][0], corners[-1][0]
    edges = [10 + (x - left) / (right - left) * 40 for x, _ in corners[1:-2:2]]
    assert edges == pytest.approx([10, 20, 30], abs=0.1)
    assert text_at(drawing, "30") == pytest.approx(corners[5][0])


def life(readings: tuple[float, ...]) -> Life:
    share = tuple(index / (len(readings) - 1) for index in range(len(readings)))
    return Life(unit_id=1, failure_mode="seal", hours=600, life_fraction=share, readings=readings)


def test_both_lives_the_normal_band_and_the_failure_value_share_one_axis() -> None:
    pair = SensorLives(
        name="leak",
        unit="mL/h",
        normal=(0, 4),
        failure=40,
        seed=life((2, 4, 40)),
        synthetic=life((0, 20, 30)),
    )
    drawing = parsed(lives(pair, SENTENCE))
    (seed,), (made,) = of_style(drawing, "seed thin"), of_style(drawing, "synthetic thin")
    (band,), (failure,) = of_style(drawing, "normal"), of_style(drawing, "failure")
    (_, new), (_, four), (end, failed) = points(seed)
    assert {y for _, y in points(failure)} == {failed}
    assert number(band, "y") == four
    zero = points(made)[0][1]
    assert number(band, "y") + number(band, "height") == pytest.approx(zero, abs=0.2)
    assert (zero - new) / (zero - failed) == pytest.approx(2 / 40, abs=0.01)
    assert points(made)[1][1] == pytest.approx((zero + failed) / 2, abs=0.1)
    # Next to each other, not over each other.
    assert end < points(made)[0][0]


def gate(metric: str, value: float, light: Light = Light.GOOD) -> Gate:
    limits = GATES[metric]
    return Gate(metric=metric, value=value, good=limits.good, usable=limits.usable, light=light)


def tip(drawing: Element) -> float:
    (marker,) = of_style(drawing, "value")
    return points(marker)[-1][0]


@pytest.mark.parametrize("metric", [name for name in GATES if name != "violations"])
def test_zones_end_at_the_limits_and_the_marker_is_at_the_value(metric: str) -> None:
    limits = GATES[metric]
    value = (limits.good + limits.usable) / 2
    drawing = parsed(zone_bar(gate(metric, value), SENTENCE))
    zones = {kind: of_style(drawing, kind)[0] for kind in ("good", "usable", "poor")}
    start = number(zones["usable"], "x")
    assert tip(drawing) == pytest.approx(start + number(zones["usable"], "width") / 2, abs=0.2)
    total = sum(number(zone, "width") for zone in zones.values())
    low, high = limits.scale
    width = abs(limits.usable - limits.good) / (high - low) * total
    assert number(zones["usable"], "width") == pytest.approx(width, abs=0.2)
    better = number(zones["good"], "x") > number(zones["poor"], "x")
    assert better is limits.more_is_better
    assert text_at(drawing, f"{max(limits.good, limits.usable):g}") == pytest.approx(
        start + number(zones["usable"], "width"), abs=0.2
    )


@pytest.mark.parametrize(("value", "kind"), [(0, "good"), (1, "poor"), (12_000, "poor")])
def test_a_single_impossible_value_is_poor(value: float, kind: str) -> None:
    drawing = parsed(zone_bar(gate("violations", value), SENTENCE))
    (zone,) = of_style(drawing, kind)
    assert tip(drawing) == pytest.approx(number(zone, "x") + number(zone, "width") / 2, abs=0.2)


@pytest.mark.parametrize(("metric", "value"), [("worth", 7.0), ("column_shapes", 0.1)])
def test_a_value_off_the_scale_is_an_arrow_at_its_end(metric: str, value: float) -> None:
    drawing = parsed(zone_bar(gate(metric, value), SENTENCE))
    (marker,) = of_style(drawing, "value")
    (poor,) = of_style(drawing, "poor")
    ends = number(poor, "x"), number(poor, "x") + number(poor, "width")
    outer = max if metric == "worth" else min
    assert outer(x for x, _ in points(marker)) == pytest.approx(
        outer(ends) + (7 if outer is max else -7), abs=0.2
    )


def test_the_matrix_has_the_seed_above_its_diagonal_and_the_set_below() -> None:
    correlations = Correlations(
        names=("rul_hours", "flow", "leak"),
        seed=((1, 0.9, 0), (0.9, 1, -0.6), (0, -0.6, 1)),
        synthetic=((1, -1, 0.2), (-1, 1, 0.4), (0.2, 0.4, 1)),
        largest=(),
    )
    drawing = parsed(correlation_matrix(correlations, SENTENCE))
    (diagonal,) = of_style(drawing, "axis")
    (left, top), (right, _) = points(diagonal)
    side = (right - left) / 3
    found = {}
    for path in drawing:
        for x, y in re.findall(r"M([-\d.]+) ([-\d.]+)h", path.attrib.get("d", "")):
            place = ((float(y) - top) / side - 0.5, (float(x) - left) / side)
            if max(place) < 2.4:  # The legend is below the matrix.
                found[round(place[0]), round(place[1])] = path.attrib["class"]
    assert found == {
        (0, 1): "plus s4",
        (1, 2): "minus s3",
        (1, 0): "minus s5",
        (2, 0): "plus s1",
        (2, 1): "plus s2",
    }


def test_the_loss_curve_goes_from_the_first_to_the_last_epoch() -> None:
    losses = [10 * math.exp(-epoch / 500) for epoch in range(2_000)]
    drawing = parsed(loss_curve(losses, SENTENCE))
    (curve,) = of_style(drawing, "seed")
    corners = points(curve)
    assert len(corners) < 500
    (axis,) = of_style(drawing, "axis")
    (left, floor), (right, _), *_ = points(axis)
    assert (corners[0][0], corners[-1][0]) == (left, right)
    assert corners[-1][1] == floor == max(y for _, y in corners)
    assert corners[0][1] == min(y for _, y in corners)


def test_the_bars_of_the_sets_are_as_long_as_their_rows() -> None:
    none = dict.fromkeys(("missing", "infinite", "outside_limits", "not_whole", "broken_lives"), 0)
    splits = {
        name: SplitCheck(rows=rows, units=units, failure_modes={}, **none)
        for name, rows, units in (("train", 3_000, 12), ("val", 750, 1))
    }
    drawing = parsed(set_sizes(splits, SENTENCE))
    long, short = (number(bar, "width") for bar in of_style(drawing, "bar"))
    assert long / short == pytest.approx(4, abs=0.01)
    said = [text.text for text in drawing.iter("text")]
    assert said == ["train: 3,000 rows, 12 units", "val: 750 rows, 1 unit"]
