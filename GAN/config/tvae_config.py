"""How a TVAE is trained, how much it makes, and what a whole fleet costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from GAN.config.limits import MAX_EPOCHS, MIN_EPOCHS, check_count

#: From `make bench-gan`'s hard table (10,000 rows with regimes, atoms, whole numbers and heavy
#: tails): after 8 epochs a classifier tells synthetic rows from real ones with AUC 0.91 and RUL
#: learnt from them is worse than from real rows; after 25 it is 0.82 and as good as from real rows;
#: 50 bring it to 0.81, 0.77 being what fresh rows have. Lives need fewer still.
DEFAULT_EPOCHS = 25

#: Rows of a seed data set.
DEFAULT_ROWS = 10_000

#: Rows of each synthetic set.
DEFAULT_SAMPLES: Mapping[str, int] = {"train": 35_000, "val": 7_500, "test": 7_500}


#: How often a set that is not good enough is given another, longer training.
MAX_RETRAININGS = 2

#: Planning figures of a production run at the defaults, one machine after the other.
SECONDS_PER_MACHINE = 15
MEGABYTES_PER_MACHINE = 3


@dataclass(frozen=True)
class TvaeConfig:
    """Settings of one training.

    Attributes:
        epochs: Passes over the seed data, 1 to 1000.
        batch_size: Rows of one gradient step; absent, it follows from the rows of the table.
        hidden: Width of the hidden layer of encoder and decoder.
        latent: Numbers that a row is encoded to.
        learning_rate: The highest, after a tenth of the training; absent, it follows from the
            number of steps.

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
    """What onboarding a fleet takes."""

    minutes: int
    megabytes: int


def progress_interval(epochs: int) -> int:
    """Epochs between two progress reports: ten reports a training, or one an epoch."""
    return max(1, epochs // 10)


def retrain_epochs(epochs: int) -> int:
    """Epochs of the training that follows one whose data fell short: twice as many, to 1000."""
    return min(MAX_EPOCHS, 2 * epochs)


def production_expectations(machines: int) -> ProductionExpectations:
    """Time and space for `machines` machines, one after the other.

    >>> production_expectations(32)
    ProductionExpectations(minutes=8, megabytes=96)
    """
    return ProductionExpectations(
        minutes=math.ceil(machines * SECONDS_PER_MACHINE / 60),
        megabytes=machines * MEGABYTES_PER_MACHINE,
    )
