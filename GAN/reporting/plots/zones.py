"""The bar under a question: its good, usable and poor values, and where the value is."""

from __future__ import annotations

from GAN.config.quality_gates import GATES
from GAN.evaluation.gates import Gate
from GAN.reporting.plots.axis import Axis, label
from GAN.reporting.plots.svg import Drawing

WIDTH, HEIGHT = 320.0, 50.0
EDGE = 8.0
TOP, BOTTOM = 16.0, 34.0
#: A zone of less than this is too narrow for its name.
NARROW = 34.0


def zone_bar(gate: Gate, sentence: str) -> Drawing:
    """The bar of a gate that was judged; `sentence` describes it."""
    drawing = Drawing(WIDTH, HEIGHT, sentence)
    axis = Axis(*GATES[gate.metric].scale, EDGE, WIDTH - EDGE)
    if gate.good == gate.usable:
        _draw_all_or_nothing(drawing, gate, axis)
        return drawing
    _draw_zones(drawing, gate, axis)
    if gate.reference is not None:
        x = axis.place(gate.reference.value)
        diamond = [(x, TOP - 12), (x + 5, TOP - 6), (x, TOP), (x - 5, TOP - 6)]
        drawing.path("reference", diamond, closed=True)
    if gate.value is not None:
        _draw_marker(drawing, gate.value, axis)
    return drawing


def _draw_zones(drawing: Drawing, gate: Gate, axis: Axis) -> None:
    kinds = ["good", "usable", "poor"]
    limits = [gate.good, gate.usable]
    if gate.more_is_better:
        kinds.reverse()
        limits.reverse()
    ends = [axis.start, *map(axis.place, limits), axis.end]
    for kind, start, end in zip(kinds, ends, ends[1:], strict=False):
        _draw_zone(drawing, kind, start, end)
    for limit, x in zip(limits, ends[1:], strict=False):
        drawing.text("small", (x, BOTTOM + 13), label(limit), "middle")
    for value, x in ((axis.low, axis.start), (axis.high, axis.end)):
        drawing.text("small", (x, BOTTOM + 13), label(value), "middle")


def _draw_all_or_nothing(drawing: Drawing, gate: Gate, axis: Axis) -> None:
    """One value is good and all others are poor."""
    middle = (axis.start + axis.end) / 2
    for kind, start, end, words in (
        ("good", axis.start, middle, label(gate.good)),
        ("poor", middle, axis.end, f"more than {label(gate.good)}"),
    ):
        _draw_zone(drawing, kind, start, end)
        drawing.text("small", ((start + end) / 2, BOTTOM + 13), words, "middle")
    if gate.value is not None:
        passed = gate.value <= gate.good
        # The scale has two places, the middles of both zones.
        _draw_marker(drawing, 0.25 if passed else 0.75, Axis(0, 1, axis.start, axis.end))


def _draw_zone(drawing: Drawing, kind: str, start: float, end: float) -> None:
    drawing.rectangle(kind, (start, TOP), end - start, BOTTOM - TOP)
    if end - start >= NARROW:
        drawing.text("small", ((start + end) / 2, BOTTOM - 5), kind, "middle")


def _draw_marker(drawing: Drawing, value: float, axis: Axis) -> None:
    """A triangle that points down at the value, or outwards if it is off the scale."""
    x = axis.place(value)
    tip = [(x - 6, TOP - 11), (x + 6, TOP - 11), (x, TOP)]
    if value > axis.high:
        tip = [(x - 4, TOP - 13), (x + 7, TOP - 7), (x - 4, TOP - 1)]
    elif value < axis.low:
        tip = [(x + 4, TOP - 13), (x - 7, TOP - 7), (x + 4, TOP - 1)]
    drawing.path("value", tip, closed=True)
