"""The units of measurement that a sensor may have. Any other unit is refused as a typing error."""

from __future__ import annotations

from difflib import get_close_matches
from typing import NamedTuple


class Unit(NamedTuple):
    """The quantity that a unit measures, and its physically possible range."""

    quantity: str
    floor: float | None = None
    ceiling: float | None = None


UNITS: dict[str, Unit] = {
    "degC": Unit("temperature", -273.15),
    "degR": Unit("temperature, Rankine", 0),
    "K": Unit("temperature or temperature difference", 0),
    "bar": Unit("pressure", 0),
    "kPa": Unit("pressure", 0),
    "Pa": Unit("pressure difference", 0),
    "psia": Unit("absolute pressure", 0),
    "mm/s": Unit("vibration velocity, RMS", 0),
    "g": Unit("vibration acceleration, RMS", 0),
    "um": Unit("displacement", 0),
    "mm": Unit("length", 0),
    "arcmin": Unit("angle", 0),
    "A": Unit("current", 0),
    "V": Unit("voltage", 0),
    "kW": Unit("power", 0),
    "MOhm": Unit("insulation resistance", 0),
    "Hz": Unit("frequency", 0),
    "rpm": Unit("rotational speed", 0),
    "N.m": Unit("torque"),
    "kN": Unit("force"),
    "%": Unit("percentage", 0),
    "dBA": Unit("sound pressure level", 0),
    "ppm": Unit("concentration", 0),
    "L/min": Unit("volume flow", 0),
    "mL/h": Unit("leak rate", 0),
    "m3/h": Unit("volume flow", 0),
    "m3/min": Unit("volume flow", 0),
    "kg/s": Unit("mass flow", 0),
    "lbm/s": Unit("mass flow", 0),
    "pps/psi": Unit("fuel flow to pressure ratio", 0),
    "m/s": Unit("speed"),
    "s": Unit("time", 0),
    "h": Unit("time", 0),
    "count": Unit("count", 0),
    "iso4406": Unit("cleanliness code for particles of 6 um and over (ISO 4406)", 0, 28),
    "1": Unit("ratio, no dimension"),
}


def nearest_unit(name: str) -> str:
    """The known unit most similar to a misspelt one, or the whole list."""
    by_fold = {unit.lower(): unit for unit in UNITS}
    aliases = {
        "°c": "degC",
        "c": "degC",
        "celsius": "degC",
        "kelvin": "K",
        "nm": "N.m",
        "db": "dBA",
    }
    folded = name.strip().lower()
    if folded in aliases:
        return aliases[folded]
    near = get_close_matches(folded, by_fold, n=1)
    return by_fold[near[0]] if near else "one of " + ", ".join(UNITS)
