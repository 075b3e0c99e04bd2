"""The plots of one column: the distribution of its readings, and one life of each data set."""

from __future__ import annotations

from GAN.evaluation.comparison import Histogram, Life, SensorLives
from GAN.reporting.plots.axis import Axis, draw_below, draw_left, label
from GAN.reporting.plots.svg import Drawing

WIDTH = 320.0
HISTOGRAM_HEIGHT, LIVES_HEIGHT = 104.0, 142.0
#: Edges of the plots; the left one of a life leaves room for the numbers.
LEFT, RIGHT = 14.0, 306.0
LIVES_LEFT, GAP = 54.0, 14.0


def histogram(counts: Histogram, sentence: str) -> Drawing:
    """Share of readings in each bin, seed and synthetic as overlaid steps."""
    drawing = Drawing(WIDTH, HISTOGRAM_HEIGHT, sentence)
    floor = HISTOGRAM_HEIGHT - 20
    shares = [_shares(counts.seed), _shares(counts.synthetic)]
    across = Axis(counts.edges[0], counts.edges[-1], LEFT, RIGHT)
    up = Axis(0.0, max(map(max, shares)) or 1.0, floor, 6.0)
    draw_below(drawing, across, floor, 5)
    for style, heights in zip(("seed", "synthetic"), shares, strict=True):
        ends = zip(counts.edges[1:], heights, strict=True)
        corners = [(across.place(edge), up.place(height)) for edge, height in ends]
        drawing.steps(style, (LEFT, floor), [*corners, (RIGHT, floor)])
    return drawing


def lives(pair: SensorLives, sentence: str) -> Drawing:
    """A life of the seed and a synthetic one, next to each other on one vertical axis.

    Behind them are the normal band and the failure value.
    """
    drawing = Drawing(WIDTH, LIVES_HEIGHT, sentence)
    top, floor = 20.0, LIVES_HEIGHT - 20
    seen = [*pair.seed.readings, *pair.synthetic.readings, *pair.normal]
    if pair.failure is not None:
        seen.append(pair.failure)
    up = Axis(min(seen), max(seen), floor, top)
    high, low = up.place(pair.normal[1]), up.place(pair.normal[0])
    drawing.rectangle("normal", (LIVES_LEFT, high), RIGHT - LIVES_LEFT, low - high)
    draw_left(drawing, up, LIVES_LEFT, RIGHT, 4)
    if pair.failure is not None:
        y = up.place(pair.failure)
        drawing.lines("failure", [((LIVES_LEFT, y), (RIGHT, y))])
    middle = (LIVES_LEFT + RIGHT) / 2
    for style, life, start, end in (
        ("seed", pair.seed, LIVES_LEFT, middle - GAP / 2),
        ("synthetic", pair.synthetic, middle + GAP / 2, RIGHT),
    ):
        _draw_life(drawing, style, life, Axis(0.0, 1.0, start, end), up)
    return drawing


def _draw_life(drawing: Drawing, style: str, life: Life, across: Axis, up: Axis) -> None:
    points = zip(life.life_fraction, life.readings, strict=True)
    drawing.path(f"{style} thin", ((across.place(x), up.place(y)) for x, y in points))
    drawing.lines("axis", [((across.start, up.start), (across.end, up.start))])
    hours = f"{style}, {label(round(life.hours))} h"
    below = up.start + 14
    start = [((across.start, up.end - 8), hours), ((across.start, below), "new")]
    drawing.texts("small", start)
    drawing.text("small", (across.end, below), "failed", "end")


def _shares(counts: tuple[int, ...]) -> list[float]:
    rows = sum(counts) or 1
    return [count / rows for count in counts]
