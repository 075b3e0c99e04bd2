"""Room in maintenance windows, and which stops fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GAN.maintenance.request import Window
from GAN.prognosis.condition.sensors import Floats

#: Window of a unit that is not stopped.
LEFT_OUT = -1

#: Hours by which a sum may exceed a capacity: the error of adding, and the solver's tolerance.
SLACK = 1e-6


@dataclass(frozen=True)
class Capacities:
    """What windows have room for; infinite where there is no limit.

    Attributes:
        units: Units, shape (windows,).
        work_hours: Hours of work, shape (windows,).
        length: Length of the windows, hours, shape (windows,).
    """

    units: Floats
    work_hours: Floats
    length: Floats

    @classmethod
    def of_windows(cls, windows: Sequence[Window]) -> Capacities:
        """The capacities of windows."""
        units = [np.inf if each.units is None else each.units for each in windows]
        hours = [np.inf if each.work_hours is None else each.work_hours for each in windows]
        length = [each.hours for each in windows]
        return cls(*(np.array(values, dtype=np.float64) for values in (units, hours, length)))

    def long_enough(self, stop_hours: Floats) -> NDArray[np.bool_]:
        """Whether each window is as long as each unit's stop, shape (units, windows)."""
        return stop_hours[:, None] <= self.length + SLACK


class Room:
    """What is left of the capacities while stops are placed one after the other."""

    def __init__(self, capacities: Capacities, stop_hours: Floats) -> None:
        self._units = capacities.units.tolist()
        self._work_hours = capacities.work_hours.tolist()
        self._stop_hours = stop_hours.tolist()
        #: Window of each unit, or `LEFT_OUT`, shape (units,).
        self.placed: NDArray[np.intp] = np.full(len(stop_hours), LEFT_OUT, dtype=np.intp)

    def place(self, unit: int, window: int) -> bool:
        """Stop a unit in a window if there is room and it is not stopped in another."""
        hours = self._stop_hours[unit]
        if (
            self.placed[unit] != LEFT_OUT
            or self._units[window] < 1
            or self._work_hours[window] + SLACK < hours
        ):
            return False
        self._units[window] -= 1
        self._work_hours[window] -= hours
        self.placed[unit] = window
        return True
