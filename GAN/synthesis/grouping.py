"""Groups of units that differ in kind: another charging rate, another product, another site."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Groups = NDArray[np.intp]

#: Two groups are apart by at least this share of the range of all units, in one of the sensors.
GAP = 0.6
#: Fewest units that can show groups. Of ten normally distributed units with 15 sensors, 11 % have
#: so wide a gap by chance, of 15 units 1 %. It does little harm: new units keep out of the gap.
FEWEST = 8


def grouped(levels: Matrix) -> Groups:
    """Divide units into groups between which there is a wide gap in a sensor.

    Args:
        levels: Mean reading of each unit, shape (units, sensors).

    Returns:
        Group of each unit, numbered from 0, shape (units,); mostly one group.
    """
    groups = np.zeros(len(levels), np.intp)
    waiting = [np.arange(len(levels))]
    while waiting:
        units = waiting.pop()
        upper = _upper(levels[units])
        if upper.any():
            groups[units[upper]] = groups.max() + 1
            waiting += [units[upper], units[~upper]]
    return groups


def _upper(levels: Matrix) -> NDArray[np.bool_]:
    """The units above the widest gap; none if there is no wide gap."""
    none = np.zeros(len(levels), np.bool_)
    if len(levels) < FEWEST:
        return none
    ordered = np.sort(levels, axis=0)
    gaps = np.diff(ordered, axis=0) / np.maximum(ordered[-1] - ordered[0], 1e-12)
    place, sensor = np.unravel_index(gaps.argmax(), gaps.shape)
    if gaps[place, sensor] < GAP:
        return none
    return np.asarray(levels[:, sensor] > ordered[place, sensor])
