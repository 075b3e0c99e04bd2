"""What the product does with imported data, at its defaults."""

from __future__ import annotations

import pandas as pd

from benchmarks.worth.draws import Known
from GAN.config.tvae_config import DEFAULT_SAMPLES, TvaeConfig
from GAN.datasets.real_units import RealUnits
from GAN.progress import silent
from GAN.synthesis.generation import generate
from GAN.synthesis.machine_model import train


def ours(known: Known, seed: int) -> pd.DataFrame:
    """The training set that the product generates from the known units.

    Raises:
        InvalidInput: No profile fits the known units.
        StageError: The training diverged.
    """
    real = RealUnits(known.lives, None)
    trained = train(known.lives, known.profile, TvaeConfig(), seed, silent, real=real)
    sets = generate(trained.model.lives, known.profile, DEFAULT_SAMPLES, known.step, seed, silent)
    return sets["train"]
