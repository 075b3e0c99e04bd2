"""Defaults and settings of training and generation, and the expected cost of a fleet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from GAN.config.limits import MAX_EPOCHS, MIN_EPOCHS, check_count

#: Measured on the hard table of `make bench-gan` (10,000 rows with regimes, atoms, whole numbers
#: and heavy tails). After 8 epochs the C2ST AUC is 0.91, and RUL forecasts trained on synthetic
#: rows are worse than those trained on real rows. After 25 epochs it is 0.82 and the forecasts are
#: equally good. After 50 it is 0.81; fresh rows have 0.77. Lives need even fewer epochs.
DEFAULT_EPOCHS = 25

#: Rows of a seed data set: 60 lives of 333 rows on average. docs/synthesis.md has the RUL errors of
#: other numbers.
DEFAULT_ROWS = 20_000

#: Rows of a simulated seed that the TVAE learns from; lives are learnt from all. Its time grows
#: with the rows. A model of 5,000 rows of 60 lives samples rows that are more like fresh units than
#: one of 10,000 rows of 4 lives does: docs/synthesis.md has the AUCs.
TVAE_ROWS = 5_000

#: Rows of each synthetic set.
DEFAULT_SAMPLES: Mapping[str, int] = {"train": 35_000, "val": 7_500, "test": 7_500}


#: Measured at the defaults by `make bench-fleet`, two workers on two idle cores: 40.5 s until the
#: last of 32 machines was onboarded, 165.6 s more for the predictors, 10.4 MB of files a machine.
SECONDS_PER_MACHINE = 2 * (40.5 + 165.6) / 32
MEGABYTES_PER_MACHINE = 11


@dataclass(frozen=True)
class TvaeConfig:
    """Settings of one training.

    Attributes:
        epochs: Passes over the seed data, 1 to 1000.
        batch_size: Rows of one gradient step; None derives it from the rows of the table.
        hidden: Width of the hidden layer of encoder and decoder.
        latent: Latent dimensions.
        learning_rate: The highest rate, reached after a tenth of the training; None derives it
            from the number of steps.

    Raises:
        InvalidInput: The number of epochs is out of range.
    """

    epochs: int = DEFAULT_EPOCHS
    batch_size: int | None = None
    hidden: int = 128
    latent: int = 12
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        check_count("epochs", self.epochs, MIN_EPOCHS, MAX_EPOCHS)


class ProductionExpectations(NamedTuple):
    """Expected time and space to onboard a fleet."""

    minutes: int
    megabytes: int


def progress_interval(epochs: int) -> int:
    """Epochs between two progress reports: ten reports per training, or one per epoch."""
    return max(1, epochs // 10)


def production_expectations(machines: int) -> ProductionExpectations:
    """Working time of one worker, and space, for `machines` machines at the defaults.

    >>> production_expectations(32)
    ProductionExpectations(minutes=7, megabytes=352)
    """
    return ProductionExpectations(
        minutes=math.ceil(machines * SECONDS_PER_MACHINE / 60),
        megabytes=machines * MEGABYTES_PER_MACHINE,
    )
