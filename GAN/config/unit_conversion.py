"""Converting readings from one unit of measurement to another of the same quantity.

Factors are exact by definition (SI brochure, 9th edition; NIST SP 811, appendix B), but for hp
(550 ft·lbf/s) and lbf.ft, which are rounded to 16 digits.
"""

from __future__ import annotations

from typing import NamedTuple


class Conversion(NamedTuple):
    """`factor * value + offset` is the value in the other unit."""

    factor: float
    offset: float = 0.0


#: By quantity: each unit as a multiple of the first one, and its zero.
_QUANTITIES: tuple[dict[str, Conversion], ...] = (
    {
        "K": Conversion(1.0),
        "degC": Conversion(1.0, 273.15),
        "degF": Conversion(5 / 9, 459.67 * 5 / 9),
        "degR": Conversion(5 / 9),
    },
    {
        "Pa": Conversion(1.0),
        "kPa": Conversion(1e3),
        "MPa": Conversion(1e6),
        "mbar": Conversion(100.0),
        "bar": Conversion(1e5),
        "psi": Conversion(6894.757293168361),
        "psia": Conversion(6894.757293168361),
    },
    {
        "m": Conversion(1.0),
        "mm": Conversion(1e-3),
        "um": Conversion(1e-6),
        "in": Conversion(0.0254),
        "mil": Conversion(2.54e-5),
    },
    {
        "m/s": Conversion(1.0),
        "mm/s": Conversion(1e-3),
        "in/s": Conversion(0.0254),
        "km/h": Conversion(1 / 3.6),
    },
    {"m/s2": Conversion(1.0), "g": Conversion(9.80665)},
    {"A": Conversion(1.0), "mA": Conversion(1e-3)},
    {"V": Conversion(1.0), "mV": Conversion(1e-3), "kV": Conversion(1e3)},
    {"W": Conversion(1.0), "kW": Conversion(1e3), "hp": Conversion(745.6998715822702)},
    {
        "Ohm": Conversion(1.0),
        "kOhm": Conversion(1e3),
        "MOhm": Conversion(1e6),
        "GOhm": Conversion(1e9),
    },
    {"Hz": Conversion(1.0), "rpm": Conversion(1 / 60)},
    {"N.m": Conversion(1.0), "lbf.ft": Conversion(1.3558179483314)},
    {"N": Conversion(1.0), "kN": Conversion(1e3), "lbf": Conversion(4.4482216152605)},
    {
        "m3/h": Conversion(1.0),
        "m3/min": Conversion(60.0),
        "L/min": Conversion(0.06),
        "L/s": Conversion(3.6),
        "mL/h": Conversion(1e-6),
        "gpm": Conversion(0.003785411784 * 60),
    },
    {"kg/s": Conversion(1.0), "kg/h": Conversion(1 / 3600), "lbm/s": Conversion(0.45359237)},
    {"s": Conversion(1.0), "min": Conversion(60.0), "h": Conversion(3600.0)},
    {"1": Conversion(1.0), "%": Conversion(0.01), "ppm": Conversion(1e-6)},
)


def conversion(given: str, wanted: str) -> Conversion | None:
    """How to convert a reading; None if the units do not measure the same quantity.

    Args:
        given: Unit of the reading.
        wanted: Unit of the sensor in the profile.
    """
    if given == wanted:
        return Conversion(1.0)
    for units in _QUANTITIES:
        if given in units and wanted in units:
            first, second = units[given], units[wanted]
            offset = (first.offset - second.offset) / second.factor
            return Conversion(first.factor / second.factor, offset)
    return None


def convertible_to(wanted: str) -> list[str]:
    """The units that convert to this one, itself first."""
    others = [unit for units in _QUANTITIES if wanted in units for unit in units]
    return [wanted, *(unit for unit in others if unit != wanted)]
