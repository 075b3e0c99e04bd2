"""Everybody can distinguish the colours of levels, and read the texts."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[3] / "web" / "style" / "tokens.css"
LEVELS = ("alarm", "warning", "watch", "healthy")

Rgb = tuple[float, float, float]
Matrix = tuple[Rgb, Rgb, Rgb]

#: Full deficiencies, on linear RGB (Machado, Oliveira and Fernandes 2009).
SIGHTS: dict[str, Matrix] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def palettes() -> dict[str, dict[str, str]]:
    """The colours of both themes, by name."""
    light, _, dark = TOKENS.read_text().partition("@media (prefers-color-scheme: dark)")
    pattern = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{6});")
    first = dict(pattern.findall(light))
    return {"light": first, "dark": first | dict(pattern.findall(dark))}


def linear(colour: str) -> Rgb:
    def channel(at: int) -> float:
        value = int(colour[at : at + 2], 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return channel(1), channel(3), channel(5)


def times(matrix: Matrix, vector: Rgb) -> Rgb:
    a, b, c = (sum(x * y for x, y in zip(row, vector, strict=True)) for row in matrix)
    return a, b, c


def oklab(rgb: Rgb) -> Rgb:
    """Linear RGB in OKLab (Ottosson 2020)."""
    cones = times(
        (
            (0.4122214708, 0.5363325363, 0.0514459929),
            (0.2119034982, 0.6806995451, 0.1073969566),
            (0.0883024619, 0.2817188376, 0.6299787005),
        ),
        rgb,
    )
    roots = tuple(math.copysign(abs(cone) ** (1 / 3), cone) for cone in cones)
    return times(
        (
            (0.2104542553, 0.7936177850, -0.0040720468),
            (1.9779984951, -2.4285922050, 0.4505937099),
            (0.0259040371, 0.7827717662, -0.8086757660),
        ),
        (roots[0], roots[1], roots[2]),
    )


def seen(colour: str, sight: str) -> Rgb:
    a, b, c = (min(1.0, max(0.0, value)) for value in times(SIGHTS[sight], linear(colour)))
    return oklab((a, b, c))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2)."""

    def luminance(colour: str) -> float:
        red, green, blue = linear(colour)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_no_two_levels_look_alike(theme: str, sight: str) -> None:
    palette = palettes()[theme]
    for one, other in itertools.combinations(LEVELS, 2):
        apart = 100 * math.dist(seen(palette[one], sight), seen(palette[other], sight))
        assert apart >= 15, f"{one} and {other}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_and_outlines_stand_out(theme: str) -> None:
    palette = palettes()[theme]
    grounds = ("ground", "surface", "raised", "alarm-wash", "warning-wash")
    for ground in grounds:
        for text in ("ink", "muted", "accent", "bad"):
            assert contrast(palette[text], palette[ground]) >= 4.5, f"{text} on {ground}"
        for outline in ("ink", "strong-line"):
            assert contrast(palette[outline], palette[ground]) >= 3, f"{outline} on {ground}"
    assert contrast(palette["on-accent"], palette["accent"]) >= 4.5
