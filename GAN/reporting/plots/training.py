"""The plots of the training and of the sets' sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from GAN.evaluation.validity import SplitCheck
from GAN.reporting.plots.axis import Axis, draw_below, draw_left
from GAN.reporting.plots.svg import Drawing

WIDTH, LOSS_HEIGHT = 340.0, 170.0
LEFT, RIGHT, TOP = 58.0, 332.0, 10.0
#: A longer training is thinned to about this many points.
POINTS = 400
BAR, ROW = 18.0, 42.0


def loss_curve(losses: Sequence[float], sentence: str) -> Drawing:
    """Mean loss of each epoch."""
    drawing = Drawing(WIDTH, LOSS_HEIGHT, sentence)
    floor = LOSS_HEIGHT - 36
    across = Axis(1, max(2, len(losses)), LEFT, RIGHT)
    up = Axis(min(losses), max(losses), floor, TOP)
    draw_left(drawing, up, LEFT, RIGHT, 5)
    draw_below(drawing, across, floor, 6)
    drawing.text("small", ((LEFT + RIGHT) / 2, floor + 30), "epoch", "middle")
    step = max(1, len(losses) // POINTS)
    epochs = sorted({*range(0, len(losses), step), len(losses) - 1})
    drawing.path("seed", ((across.place(each + 1), up.place(losses[each])) for each in epochs))
    return drawing


def set_sizes(splits: Mapping[str, SplitCheck], sentence: str) -> Drawing:
    """A bar with the rows of each set."""
    drawing = Drawing(WIDTH, ROW * len(splits), sentence)
    across = Axis(0, max(check.rows for check in splits.values()) or 1, 8.0, RIGHT)
    for index, (name, check) in enumerate(splits.items()):
        y = index * ROW
        units = "unit" if check.units == 1 else "units"
        drawing.text("small", (8, y + 13), f"{name}: {check.rows:,} rows, {check.units:,} {units}")
        drawing.rectangle("bar", (8, y + 18), across.place(check.rows) - 8, BAR)
    return drawing
