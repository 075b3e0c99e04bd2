"""The correlations of all pairs: the seed above the diagonal, the synthetic set below it."""

from __future__ import annotations

from collections import defaultdict

from GAN.evaluation.comparison import Correlations
from GAN.reporting.plots.svg import Drawing, Point

WIDTH = 340.0
GUTTER, TOP = 22.0, 34.0
#: With more columns than this, every fifth row has its number.
NUMBERED = 26
#: Steps of colour from 0 to 1.
STEPS = 5


def correlation_matrix(correlations: Correlations, sentence: str) -> Drawing:
    """Each cell's colour is its correlation; columns have numbers, which the page explains.

    Cells of hardly any correlation are left out.
    """
    count = len(correlations.names)
    side = (WIDTH - GUTTER) / count
    drawing = Drawing(WIDTH, TOP + count * side + 34, sentence)
    drawing.text("small", (WIDTH, 11), "seed, above the diagonal", "end")
    cells: dict[str, list[Point]] = defaultdict(list)
    for row in range(count):
        for column in range(count):
            table = correlations.seed if column > row else correlations.synthetic
            colour = _colour(table[row][column])
            if row != column and colour:
                cells[colour].append((GUTTER + column * side, TOP + row * side))
    for colour, places in sorted(cells.items()):
        drawing.squares(colour, places, side)
    _draw_numbers(drawing, count, side)
    floor = TOP + count * side
    drawing.lines("axis", [((GUTTER, TOP), (WIDTH, floor))])
    drawing.text("small", (GUTTER, floor + 14), "synthetic, below it")
    _draw_legend(drawing, floor + 20)
    return drawing


def _draw_numbers(drawing: Drawing, count: int, side: float) -> None:
    shown = [index for index in range(count) if count <= NUMBERED or (index + 1) % 5 == 0]
    middles = [((index + 0.5) * side, str(index + 1)) for index in shown]
    rows = [((GUTTER - 4, TOP + middle + 3), words) for middle, words in middles]
    drawing.texts("tiny", rows, "end")
    drawing.texts("tiny", [((GUTTER + x, TOP - 4), words) for x, words in middles], "middle")


def _draw_legend(drawing: Drawing, y: float) -> None:
    """Colours from -1 to 1."""
    steps = [step / STEPS for step in range(-STEPS, STEPS + 1)]
    start = WIDTH - 40 - 10 * len(steps)
    drawing.text("small", (start - 4, y + 9), "\N{MINUS SIGN}1", "end")
    for index, value in enumerate(steps):
        if colour := _colour(value):
            drawing.squares(colour, [(start + 10 * index, y)], 10)
    drawing.text("small", (start + 10 * len(steps) + 4, y + 9), "1")


def _colour(correlation: float) -> str:
    """The class of a cell: its sign and how strong it is, 1 to `STEPS`; empty for no colour."""
    step = round(min(1.0, abs(correlation)) * STEPS)
    return f"{'minus' if correlation < 0 else 'plus'} s{step}" if step else ""
