"""Axes: from values to places in a drawing, and round numbers in between."""

from __future__ import annotations

import math
from dataclasses import dataclass

from GAN.reporting.plots.svg import Drawing


@dataclass(frozen=True)
class Axis:
    """A linear scale from the values `low` to `high` onto the places `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Where a value is drawn; values outside of the scale are drawn at its ends."""
        width = self.high - self.low
        share = (value - self.low) / width if width else 0.5
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """Round values on the scale, 1, 2 or 5 times a power of ten apart.

        Args:
            most: Largest number of them.
        """
        width = self.high - self.low
        if width <= 0:
            return [self.low]
        power = 10.0 ** math.floor(math.log10(width / most))
        steps = (power * factor for factor in (1, 2, 5, 10, 20))
        step = next(step for step in steps if width / step < most - 1 + 1e-9)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(index * step, 12) for index in range(first, last + 1)]


def label(value: float) -> str:
    """A number for people: at most six significant digits, with a real minus sign."""
    return f"{value + 0.0:,.6g}".replace("-", "\N{MINUS SIGN}")


def draw_below(drawing: Drawing, axis: Axis, y: float, most: int) -> None:
    """A horizontal axis with its numbers.

    Args:
        drawing: Where to draw.
        axis: The scale.
        y: Where the line is.
        most: Largest number of ticks.
    """
    ticks = [(axis.place(value), label(value)) for value in axis.ticks(most)]
    baseline = ((axis.start, y), (axis.end, y))
    drawing.lines("axis", [baseline, *(((x, y), (x, y + 3)) for x, _ in ticks)])
    drawing.texts("small", [((x, y + 14), words) for x, words in ticks], "middle")


def draw_left(drawing: Drawing, axis: Axis, x: float, end: float, most: int) -> None:
    """Numbers of a vertical axis, with a line across the plot at each.

    Args:
        drawing: Where to draw.
        axis: The scale.
        x: Left edge of the plot.
        end: Right edge of the plot.
        most: Largest number of ticks.
    """
    ticks = [(axis.place(value), label(value)) for value in axis.ticks(most)]
    drawing.lines("rule", [((x, y), (end, y)) for y, _ in ticks])
    drawing.texts("small", [((x - 4, y + 4), words) for y, words in ticks], "end")
