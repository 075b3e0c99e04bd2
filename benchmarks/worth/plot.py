"""The ratios of a summary as a drawing for the docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, fromstring, tostring

from benchmarks.worth.measure import BY_AGE, KNOWN, OURS, OURS_TOO, PAR
from benchmarks.worth.summary import MEASURED
from GAN.reporting.plots.axis import Axis, draw_left
from GAN.reporting.plots.svg import Drawing

#: Size of a panel, panels in a row, and the space for the legend.
_WIDTH, _HEIGHT, _ACROSS, _LEGEND = 250.0, 190.0, 4, 34.0
#: Side of a mark.
_MARK = 5.0
#: Ratios outside are drawn at the edge.
_LOW, _HIGH = 0.6, 1.6
_COLOURS = {
    "augmented": "#9467bd",
    "functional PCA": "#2ca02c",
    "block bootstrap": "#8c564b",
    OURS: "#d62728",
    OURS_TOO: "#1f77b4",
    PAR: "#7f7f7f",
}
#: The width of a mark is an attribute of its path, which a style would replace.
_STYLE = """
text { font: 11px sans-serif; fill: #222; }
.title { font-weight: bold; }
.middle { text-anchor: middle; }
.page { fill: #fff; }
path { fill: none; }
path:not([stroke-width]) { stroke-width: 1.5; }
path.rule { stroke: #ddd; stroke-width: 1; }
path.one { stroke: #222; stroke-width: 1; }
"""


def worth_plot(entries: Sequence[Mapping[str, Any]], learner: str) -> str:
    """A panel a set: the ratio of each side's RMSE to that of the known units, with its interval.

    Args:
        entries: Of `summary`.
        learner: Whose errors.

    Returns:
        A whole SVG file.
    """
    shown = [
        entry
        for entry in entries
        if entry["learner"] == learner and entry["side"] not in (KNOWN, BY_AGE)
    ]
    names = dict.fromkeys(entry["set"] for entry in shown)
    ordered = sorted(names, key=lambda name: name != MEASURED)
    sides = list(dict.fromkeys(entry["side"] for entry in shown))
    rows = -(-len(ordered) // _ACROSS)
    width, height = _WIDTH * min(len(ordered), _ACROSS), _HEIGHT * rows + _LEGEND
    sentence = "RMSE of RUL forecasts relative to learning from the known units alone, by set"
    drawing = Drawing(width, height, sentence)
    drawing.rectangle("page", (0.0, 0.0), width, height)
    for number, side in enumerate(sides):
        x = 10.0 + number * (width - 20.0) / len(sides)
        drawing.lines(f"side{number}", [((x, 17.0), (x + 18.0, 17.0))])
        drawing.text("legend", (x + 22.0, 21.0), side)
    for number, name in enumerate(ordered):
        corner = _WIDTH * (number % _ACROSS), _LEGEND + _HEIGHT * (number // _ACROSS)
        _panel(drawing, corner, name, [each for each in shown if each["set"] == name], sides)
    return _file(drawing, sides)


def _panel(
    drawing: Drawing,
    corner: tuple[float, float],
    name: str,
    entries: Sequence[Mapping[str, Any]],
    sides: Sequence[str],
) -> None:
    left, right = corner[0] + 34.0, corner[0] + _WIDTH - 10.0
    top, floor = corner[1] + 18.0, corner[1] + _HEIGHT - 36.0
    up = Axis(_LOW, _HIGH, floor, top)
    drawing.text("title", (left, corner[1] + 11.0), name)
    draw_left(drawing, up, left, right, 7)
    drawing.lines("one", [((left, up.place(1.0)), (right, up.place(1.0)))])
    counts = sorted({entry["known"] for entry in entries})
    room = (right - left) / len(counts)
    places = {known: left + room * (index + 0.5) for index, known in enumerate(counts)}
    drawing.texts("middle", [((x, floor + 14.0), str(known)) for known, x in places.items()])
    drawing.text("middle", ((left + right) / 2.0, floor + 27.0), "known units")
    for number, side in enumerate(sides):
        aside = (number - (len(sides) - 1) / 2.0) * 0.12 * room
        found = {each["known"]: each["rmse_ratio"] for each in entries if each["side"] == side}
        points = [(places[known] + aside, ratio) for known, ratio in sorted(found.items())]
        if points:
            marks = [
                (x - _MARK / 2.0, up.place(ratio["ratio"]) - _MARK / 2.0) for x, ratio in points
            ]
            drawing.squares(f"side{number}", marks, _MARK)
            drawing.path(f"side{number}", [(x, up.place(ratio["ratio"])) for x, ratio in points])
            drawing.lines(
                f"side{number}",
                [
                    ((x, up.place(ratio["low"])), (x, up.place(ratio["high"])))
                    for x, ratio in points
                    if "low" in ratio
                ],
            )


def _file(drawing: Drawing, sides: Sequence[str]) -> str:
    """A drawing with its styles and its namespace, as a file needs them."""
    root = fromstring(str(drawing.markup()))
    style = Element("style")
    colours = (f".side{n} {{ stroke: {_COLOURS[side]}; }}" for n, side in enumerate(sides))
    style.text = _STYLE + "\n".join(colours)
    root.insert(0, style)
    root.set("xmlns", "http://www.w3.org/2000/svg")
    return tostring(root, encoding="unicode") + "\n"
