"""The stages. Importing this package declares them all."""

from actors import assess, generate, import_seed, seed, train, train_predictor

__all__ = ["assess", "generate", "import_seed", "seed", "train", "train_predictor"]
