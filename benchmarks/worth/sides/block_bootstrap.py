"""Block bootstrap: new lives are put together from parts of known ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.worth.draws import Known
from benchmarks.worth.lives import life, numbered
from benchmarks.worth.sides.courses import MADE, blocks, courses, hours_of_life


def block_bootstrap(known: Known, seed: int) -> pd.DataFrame:
    """Each tenth of a new life is that of a random known unit; so are its length and mode."""
    rng = np.random.default_rng(seed)
    units = courses(known)
    donors = [(unit.fraction, unit.readings) for unit in units]
    lives = []
    for chosen in rng.integers(len(units), size=MADE):
        length = float(known.lengths[chosen])
        hours = hours_of_life(length, known)
        readings = blocks(np.minimum(hours / length, 1.0), donors, rng)
        frame = pd.DataFrame(readings, columns=known.sensors)
        lives.append(life(hours, max(length, hours[-1]), units[chosen].mode, frame))
    return numbered(lives)
