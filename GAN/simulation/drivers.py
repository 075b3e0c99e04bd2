"""What moves the sensors of a healthy machine: courses of load and surroundings, and who follows.

A course is the deviation from the middle of a range, so that a sensor reads its own level while all
that it follows is in the middle. Couplings are linear. They do not pass on wear.

A course is evaluated at the time of each row. With a time step of more than a few hours, daily
cycles and shifts are therefore sampled, not averaged: at 24 h, each row has the same time of day.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from GAN.profiles.drivers import AMBIENT, DAY_HOURS, LOAD, Ambient, Coupling, Load
from GAN.profiles.profile import MachineProfile
from GAN.simulation.noise import ar1_noise

Floats = NDArray[np.float64]

YEAR_HOURS, WEEK_HOURS = 365 * DAY_HOURS, 7 * DAY_HOURS
#: Hottest hour of the day; coldest day of the year, in January.
HOTTEST_HOUR, COLDEST_DAY = 15.0, 20.0
#: Work begins at this hour, on so many days of a week.
FIRST_HOUR, WORKING_DAYS = 6.0, 5
#: A load during shifts keeps its level for about so many hours.
JOB_HOURS = 2.0
#: Shortest phase of a duty cycle, as a share of the cycle; the longest is the rest of it.
SHORTEST_PHASE = 0.25


def own_bands(profile: MachineProfile) -> Floats:
    """Range of each sensor's own level: its normal band, less what its couplings may add to it.

    So the normal band holds what drivers and units do together. Without drivers it is the whole
    normal band.

    Returns:
        Lowest and highest level in each sensor's unit, shape (sensors, 2).
    """
    halves = {sensor.name: sensor.normal.half_width for sensor in profile.sensors}
    halves |= profile.drivers.half_ranges if profile.drivers else {}
    bands = []
    for sensor in profile.sensors:
        moved = sum(abs(each.gain) * halves[each.follows] for each in _of(profile, sensor.name))
        moved = min(moved, sensor.normal.half_width)
        bands.append((sensor.normal.min + moved, sensor.normal.max - moved))
    return np.array(bands)


def movement(
    profile: MachineProfile, hours: Floats, own: Floats, noise: Floats, rng: np.random.Generator
) -> Floats:
    """What drivers and other sensors add to the sensors of one unit.

    Args:
        profile: The machine.
        hours: Time of each row in evenly spaced hours, shape (rows,).
        own: The unit's own level of each sensor, shape (sensors,).
        noise: Noise of each sensor, which other sensors follow too, shape (rows, sensors).
        rng: Draws the courses of the drivers; not used if there are none.

    Returns:
        To be added to the own levels, shape (rows, sensors).
    """
    moved = np.zeros_like(noise)
    if profile.drivers is None:
        return moved
    step = float(hours[1] - hours[0]) if len(hours) > 1 else 1.0
    clock = hours + rng.uniform(0.0, YEAR_HOURS)
    courses: dict[str, Floats] = {}
    if profile.drivers.load is not None:
        courses[LOAD] = load_course(profile.drivers.load, clock, step, rng)
    if profile.drivers.ambient is not None:
        courses[AMBIENT] = ambient_course(profile.drivers.ambient, clock)
    place = {sensor.name: index for index, sensor in enumerate(profile.sensors)}
    for name in _order(profile.drivers.couplings):
        if name in courses:
            continue
        index = place[name]
        for each in _of(profile, name):
            moved[:, index] += each.gain * lagged(courses[each.follows], step, each.lag_hours)
        level = own[index] - profile.sensors[index].normal.middle
        courses[name] = level + moved[:, index] + noise[:, index]
    return moved


def load_course(load: Load, clock: Floats, step: float, rng: np.random.Generator) -> Floats:
    """How far the load is from the middle of its range, as a share of the rated load.

    A pattern that changes faster than from row to row is sampled as if it changed with each row.

    Args:
        load: Its pattern and range.
        clock: Hours since a Monday, 0:00, shape (rows,).
        step: Hours from row to row.
        rng: Draws the course.
    """
    if load.pattern == "continuous":
        share = _wandering(len(clock), step, load.hours, rng)
    elif load.pattern == "duty_cycle":
        share = _phases(clock - clock[0], max(load.hours, step), rng)
    else:
        share = _wandering(len(clock), step, JOB_HOURS, rng) * _at_work(clock, load.hours)
    return load.half_range * (2.0 * share - 1.0)


def ambient_course(ambient: Ambient, clock: Floats) -> Floats:
    """How far the surroundings are from their yearly mean, K.

    Args:
        ambient: How much they vary.
        clock: Hours since the beginning of a year, shape (rows,).
    """
    day = np.cos(2 * np.pi * (clock - HOTTEST_HOUR) / DAY_HOURS)
    season = -np.cos(2 * np.pi * (clock - COLDEST_DAY * DAY_HOURS) / YEAR_HOURS)
    return np.asarray(ambient.daily_amplitude * day + ambient.seasonal_amplitude * season)


def lagged(course: Floats, step: float, lag_hours: float) -> Floats:
    """A course behind a first-order lag that has settled at the first row, shape (rows,)."""
    from scipy.signal import lfilter

    if lag_hours == 0.0:
        return course
    kept = np.exp(-step / lag_hours)
    filtered, _ = lfilter([1.0 - kept], [1.0, -kept], course, zi=[kept * course[0]])
    return np.asarray(filtered)


def _of(profile: MachineProfile, sensor: str) -> Iterator[Coupling]:
    couplings = profile.drivers.couplings if profile.drivers else ()
    return (each for each in couplings if each.sensor == sensor)


def _order(couplings: tuple[Coupling, ...]) -> Iterator[str]:
    """Every name of a coupling, after all that it follows."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for each in couplings:
        sorter.add(each.sensor, each.follows)
    return iter(sorter.static_order())


def _wandering(count: int, step: float, memory_hours: float, rng: np.random.Generator) -> Floats:
    """A share that wanders evenly between 0 and 1, shape (count,)."""
    from scipy.special import ndtr

    return np.asarray(ndtr(ar1_noise(count, float(np.exp(-step / memory_hours)), rng)))


def _phases(hours: Floats, cycle_hours: float, rng: np.random.Generator) -> Floats:
    """A share that is in the upper half and in the lower half by turns, shape (rows,)."""
    shortest = SHORTEST_PHASE * cycle_hours
    count = int(np.ceil(hours[-1] / shortest)) + 2
    ends = np.cumsum(rng.uniform(shortest, cycle_hours - shortest, count))
    first = rng.integers(2)
    levels = (rng.random(count) + (np.arange(count) + first) % 2) / 2
    return np.asarray(levels[np.searchsorted(ends, hours, side="right")])


def _at_work(clock: Floats, hours_of_work: float) -> NDArray[np.bool_]:
    day = np.floor(clock % WEEK_HOURS / DAY_HOURS)
    return (day < WORKING_DAYS) & ((clock - FIRST_HOUR) % DAY_HOURS < hours_of_work)
