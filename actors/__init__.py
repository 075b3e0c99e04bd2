"""The stages. Importing this package declares them all."""

from actors import assess, generate, seed, train

__all__ = ["assess", "generate", "seed", "train"]
