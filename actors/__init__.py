"""The stages. Importing this package declares them all."""

from actors import (
    archive_readings,
    assess,
    end_life,
    generate,
    import_seed,
    predict,
    seed,
    train,
    train_predictor,
)

__all__ = [
    "archive_readings",
    "assess",
    "end_life",
    "generate",
    "import_seed",
    "predict",
    "seed",
    "train",
    "train_predictor",
]
