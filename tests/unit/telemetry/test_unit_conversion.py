"""Units of measurement: conversions are what the standards say, and go both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GAN.config.unit_conversion import conversion, convertible_to
from GAN.config.units import UNITS

PAIRS = [
    (given_unit, wanted)
    for wanted in UNITS
    for given_unit in convertible_to(wanted)
    if given_unit != wanted
]


@pytest.mark.parametrize(
    ("value", "given_unit", "wanted", "expected"),
    [
        (32.0, "degF", "degC", 0.0),
        (212.0, "degF", "K", 373.15),
        (0.0, "degC", "degR", 491.67),
        (14.5037738, "psi", "bar", 1.0),
        (1.0, "in/s", "mm/s", 25.4),
        (60.0, "Hz", "rpm", 3600.0),
        (1.0, "m/s2", "g", 0.101971621),
        (1.0, "hp", "kW", 0.745699872),
        (1.0, "gpm", "L/min", 3.785411784),
        (0.5, "1", "%", 50.0),
    ],
)
def test_known_values(value: float, given_unit: str, wanted: str, expected: float) -> None:
    found = conversion(given_unit, wanted)
    assert found is not None
    assert found.factor * value + found.offset == pytest.approx(expected, rel=1e-8, abs=1e-9)


@given(st.sampled_from(PAIRS), st.floats(-1e6, 1e6))
def test_there_and_back_is_the_same(pair: tuple[str, str], value: float) -> None:
    there, back = conversion(*pair), conversion(*pair[::-1])
    assert there is not None
    assert back is not None
    other = there.factor * value + there.offset
    assert back.factor * other + back.offset == pytest.approx(value, rel=1e-9, abs=1e-6)


def test_other_quantities_do_not_convert() -> None:
    assert conversion("bar", "degC") is None
    assert conversion("furlong", "mm") is None
    assert convertible_to("dBA") == ["dBA"]
