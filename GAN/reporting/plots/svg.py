"""Drawings in SVG: the elements that the plots of the report page consist of.

Colours and line styles are CSS classes of the page's style sheet. A drawing has no script, no style
attribute and no `id`, so a page can contain any number under a strict content security policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]


class Drawing:
    """An image of fixed proportions that fills the width of its container.

    Args:
        width: Of the coordinate system; one unit is about one pixel on a phone.
        height: Of the coordinate system.
        sentence: What a screen reader says in place of the image.
    """

    def __init__(self, width: float, height: float, sentence: str) -> None:
        self._root = Element(
            "svg",
            {
                "viewBox": f"0 0 {_number(width)} {_number(height)}",
                "role": "img",
                "aria-label": sentence,
            },
        )

    def rectangle(self, style: str, corner: Point, width: float, height: float) -> None:
        """A rectangle from its upper left corner."""
        sizes = {"x": corner[0], "y": corner[1], "width": width, "height": height}
        numbers = {name: _number(size) for name, size in sizes.items()}
        SubElement(self._root, "rect", {"class": style, **numbers})

    def lines(self, style: str, ends: Iterable[tuple[Point, Point]]) -> None:
        """Straight lines from point to point, as one element."""
        steps = (f"M{_place(start)}L{_place(end)}" for start, end in ends)
        SubElement(self._root, "path", {"class": style, "d": "".join(steps)})

    def path(self, style: str, points: Iterable[Point], *, closed: bool = False) -> None:
        """Straight lines through points, without a fill unless the style has one."""
        steps = "L".join(map(_place, points))
        SubElement(self._root, "path", {"class": style, "d": f"M{steps}{'Z' if closed else ''}"})

    def steps(self, style: str, start: Point, corners: Iterable[Point]) -> None:
        """From a point up or down to the height of each corner, then across to it."""
        steps = "".join(f"V{_number(y)}H{_number(x)}" for x, y in corners)
        SubElement(self._root, "path", {"class": style, "d": f"M{_place(start)}{steps}"})

    def squares(self, style: str, corners: Iterable[Point], side: float) -> None:
        """Many squares of one style, by their upper left corners.

        Each is a line as thick as it is long, which takes the fewest bytes.
        """
        length = _number(side)
        steps = "".join(f"M{_place((x, y + side / 2))}h{length}" for x, y in corners)
        attributes = {"class": style, "stroke-width": length, "d": steps}
        SubElement(self._root, "path", attributes)

    def text(self, style: str, place: Point, words: str, anchor: Anchor = "start") -> None:
        """One line of text on a baseline."""
        self.texts(style, [(place, words)], anchor)

    def texts(
        self, style: str, texts: Iterable[tuple[Point, str]], anchor: Anchor = "start"
    ) -> None:
        """Lines of text of one style, each on its baseline."""
        group = SubElement(self._root, "g", {"class": style})
        if anchor != "start":
            group.set("text-anchor", anchor)
        for (x, y), words in texts:
            element = SubElement(group, "text", {"x": _number(x), "y": _number(y)})
            element.text = words

    def markup(self) -> Markup:
        """The drawing as part of an HTML page."""
        return Markup(tostring(self._root, encoding="unicode"))


def _place(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    """A coordinate to a tenth of a unit."""
    return f"{round(value, 1) + 0.0:g}"
