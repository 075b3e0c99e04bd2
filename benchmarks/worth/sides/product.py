"""What the product does with imported data, at its defaults.

Its lives do not depend on its model of rows, so that is not trained.
"""

from __future__ import annotations

import pandas as pd

from benchmarks.worth.draws import Known
from GAN.config.tvae_config import DEFAULT_SAMPLES
from GAN.datasets.real_units import RealUnits
from GAN.progress import silent
from GAN.synthesis.generation import generate
from GAN.synthesis.life_model import learn_lives


def ours(known: Known, seed: int) -> pd.DataFrame:
    """The training set that the product generates from the known units.

    Raises:
        InvalidInput: No profile fits the known units.
    """
    model = learn_lives(known.lives, known.profile, RealUnits(known.lives, None))
    return generate(model, known.profile, DEFAULT_SAMPLES, known.step, seed, silent)["train"]
