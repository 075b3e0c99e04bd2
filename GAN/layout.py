"""The path of each file of a machine, relative to the artifact root."""

from __future__ import annotations

#: The synthetic sets of a machine, in the order they are generated.
SPLITS = ("train", "val", "test")


#: Suffix of a model file; its card has the same name with another suffix.
MODEL_SUFFIX = ".pkl"


def metadata_key(machine_id: str) -> str:
    """SDV metadata of the table that the TVAE is trained on (JSON)."""
    return f"GAN/metadata/{machine_id}_metadata.json"


def seed_key(machine_id: str) -> str:
    """Run-to-failure seed data (Parquet)."""
    return f"GAN/seed_data/temporal/{machine_id}_temporal_seed.parquet"


def model_prefix(machine_id: str) -> str:
    """The common prefix of all keys of a machine's models and model cards."""
    return f"GAN/models/tvae/temporal/{machine_id}_tvae_temporal_"


def model_key(machine_id: str, epochs: int) -> str:
    """A trained TVAE (pickle); there may be one for each number of epochs."""
    return f"{model_prefix(machine_id)}{epochs}epochs{MODEL_SUFFIX}"


def model_epochs(machine_id: str, name: str) -> int:
    """Epochs of a machine's model, from its file name.

    Raises:
        ValueError: The name is not one that `model_key` gives.
    """
    prefix = model_prefix(machine_id).rpartition("/")[2]
    return int(name.removeprefix(prefix).removesuffix(f"epochs{MODEL_SUFFIX}"))


def model_card_key(machine_id: str, epochs: int) -> str:
    """Model card of a trained TVAE (Markdown), next to it."""
    return f"{model_key(machine_id, epochs).removesuffix(MODEL_SUFFIX)}.md"


def split_key(machine_id: str, split: str) -> str:
    """One synthetic set (Parquet); `split` is one of `SPLITS`."""
    return f"GAN/data/synthetic/{machine_id}/{split}.parquet"


def data_card_key(machine_id: str) -> str:
    """Data card of the synthetic sets (Markdown), next to them."""
    return f"GAN/data/synthetic/{machine_id}/README.md"


def croissant_key(machine_id: str) -> str:
    """Croissant metadata of the synthetic sets (JSON-LD), for programs."""
    return f"GAN/data/synthetic/{machine_id}/croissant.json"


def report_key(machine_id: str) -> str:
    """Quality report for programs (JSON)."""
    return f"GAN/reports/generation/{machine_id}_report.json"


def page_key(machine_id: str) -> str:
    """Quality report for people (HTML)."""
    return f"GAN/reports/generation/{machine_id}_report.html"
