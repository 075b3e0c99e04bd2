"""Whether the drivers of a profile fit its sensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from errors import Problem
from GAN.profiles.drivers import Coupling, Drivers, Maintenance
from GAN.profiles.sensor import Sensor

#: A band may be exceeded by this share of it, because gains are rounded.
ROUNDING = 1e-6


class Declared(NamedTuple):
    """The parts of a profile that are checked; parts that are wrong by themselves are left out.

    Attributes:
        sensors: Each sensor by name; None if it is wrong.
        half_ranges: Half range of each declared driver by its name; None if it is wrong.
        couplings: The couplings by their place in the list.
        maintenance: The maintenance, if there is one.
    """

    sensors: Mapping[str, Sensor | None]
    half_ranges: Mapping[str, float | None]
    couplings: Mapping[int, Coupling]
    maintenance: Maintenance | None

    @classmethod
    def of(cls, sensors: Sequence[Sensor], drivers: Drivers) -> Declared:
        """The parts of a profile whose fields are all right."""
        return cls(
            {sensor.name: sensor for sensor in sensors},
            dict(drivers.half_ranges),
            dict(enumerate(drivers.couplings)),
            drivers.maintenance,
        )


def driver_problems(declared: Declared) -> Iterator[Problem]:
    """Find couplings of strange, repeated or circular names, and bands that are too narrow.

    Yields:
        Problems, with paths from the root of the profile.
    """
    yield from _strange_names(declared)
    yield from _repeated(declared.couplings)
    yield from _circles(declared.couplings)
    yield from _narrow_bands(declared)
    if declared.maintenance is not None:
        yield from _strange_maintenance(declared.maintenance, declared.sensors)


def version_problem(version: object) -> Problem:
    """Drivers in a profile of an older version."""
    return Problem("schema_version", f"version {version} has no drivers", "write 2")


def _strange_names(declared: Declared) -> Iterator[Problem]:
    known = ", ".join(declared.sensors) or "(there is none yet)"
    for index, coupling in declared.couplings.items():
        path, followed = f"drivers.couplings[{index}]", coupling.follows
        if coupling.sensor not in declared.sensors:
            message = f"{coupling.sensor!r} is not a sensor"
            yield Problem(f"{path}.sensor", message, f"choose from {known}")
        if "." in followed and followed not in declared.half_ranges:
            message = f"{followed} is not declared"
            yield Problem(f"{path}.follows", message, f"add {followed.replace('.', 's.')}")
        if "." not in followed and followed not in declared.sensors:
            message = f"{followed!r} is not a sensor"
            advice = f"choose driver.load, driver.ambient, or from {known}"
            yield Problem(f"{path}.follows", message, advice)


def _repeated(couplings: Mapping[int, Coupling]) -> Iterator[Problem]:
    first: dict[tuple[str, str], int] = {}
    for index, each in couplings.items():
        before = first.setdefault((each.sensor, each.follows), index)
        if before != index:
            message = f"{each.sensor} follows {each.follows} already in couplings[{before}]"
            yield Problem(f"drivers.couplings[{index}]", message, "keep one of them")


def _circles(couplings: Mapping[int, Coupling]) -> Iterator[Problem]:
    """One problem for each coupling that closes a circle with those before it."""
    followed: dict[str, set[str]] = {}
    for index, each in couplings.items():
        known = followed.setdefault(each.sensor, set())
        if each.follows in known:
            continue
        known.add(each.follows)
        try:
            TopologicalSorter(followed).prepare()
        except CycleError as error:
            known.discard(each.follows)
            ring: list[str] = error.args[1][:0:-1]  # Each follows the next, the last one the first.
            start = ring.index(each.sensor)
            circle = " follows ".join([*ring[start:], *ring[:start], each.sensor])
            message, advice = f"a sensor follows itself: {circle}", "remove one of these couplings"
            yield Problem(f"drivers.couplings[{index}].follows", message, advice)


def _narrow_bands(declared: Declared) -> Iterator[Problem]:
    halves: dict[str, float | None] = dict(declared.half_ranges)
    for name, sensor in declared.sensors.items():
        halves[name] = None if sensor is None else sensor.normal.half_width
    first: dict[str, int] = {}
    moved: dict[str, list[float | None]] = {}
    for index, each in declared.couplings.items():
        half = halves.get(each.follows)
        first.setdefault(each.sensor, index)
        moved.setdefault(each.sensor, []).append(None if half is None else abs(each.gain) * half)
    for name, parts in moved.items():
        half, known = halves.get(name), [part for part in parts if part is not None]
        if half is not None and len(known) == len(parts) and sum(known) > half * (1 + ROUNDING):
            message = f"couplings move {name} by up to {sum(known):.4g} to either side, "
            message += f"but its normal band has {half:.4g}"
            advice = f"lower its gains, or widen normal of {name}"
            yield Problem(f"drivers.couplings[{first[name]}].gain", message, advice)


def _strange_maintenance(
    maintenance: Maintenance, sensors: Mapping[str, Sensor | None]
) -> Iterator[Problem]:
    wearing = [name for name, each in sensors.items() if each is None or each.failure is not None]
    for strange in sorted(set(maintenance.sensors) - set(wearing)):
        yield Problem(
            "drivers.maintenance.sensors",
            f"{strange!r} is not a rising or falling sensor",
            f"choose from {', '.join(wearing) or '(there is none yet)'}",
        )
