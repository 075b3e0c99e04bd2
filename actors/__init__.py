"""The stages. Importing this package declares them all."""

from actors import assess, generate, import_seed, seed, train

__all__ = ["assess", "generate", "import_seed", "seed", "train"]
