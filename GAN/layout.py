"""Where each file of a machine lies below the artifact root."""

from __future__ import annotations

#: The synthetic sets of a machine, in the order they are generated.
SPLITS = ("train", "val", "test")


#: How the name of a model ends; its card has the same name but for this.
MODEL_SUFFIX = ".pkl"


def metadata_key(machine_id: str) -> str:
    """SDV metadata of the table that the TVAE learns (JSON)."""
    return f"GAN/metadata/{machine_id}_metadata.json"


def seed_key(machine_id: str) -> str:
    """Run-to-failure seed data (Parquet)."""
    return f"GAN/seed_data/temporal/{machine_id}_temporal_seed.parquet"


def model_prefix(machine_id: str) -> str:
    """What the keys of all of a machine's models, and of their cards, begin with."""
    return f"GAN/models/tvae/temporal/{machine_id}_tvae_temporal_"


def model_key(machine_id: str, epochs: int) -> str:
    """A trained TVAE (pickle); one for each number of epochs may stand."""
    return f"{model_prefix(machine_id)}{epochs}epochs{MODEL_SUFFIX}"


def model_epochs(machine_id: str, name: str) -> int:
    """Epochs of a machine's model, from its file name.

    Raises:
        ValueError: The name is not one that `model_key` gives.
    """
    prefix = model_prefix(machine_id).rpartition("/")[2]
    return int(name.removeprefix(prefix).removesuffix(f"epochs{MODEL_SUFFIX}"))


def model_card_key(machine_id: str, epochs: int) -> str:
    """What a trained TVAE is and what it is for (Markdown), beside it."""
    return f"{model_key(machine_id, epochs).removesuffix(MODEL_SUFFIX)}.md"


def split_key(machine_id: str, split: str) -> str:
    """One synthetic set (Parquet); `split` is one of `SPLITS`."""
    return f"GAN/data/synthetic/{machine_id}/{split}.parquet"


def data_card_key(machine_id: str) -> str:
    """What the synthetic sets are and what they are for (Markdown), beside them."""
    return f"GAN/data/synthetic/{machine_id}/README.md"


def croissant_key(machine_id: str) -> str:
    """The same for programs: Croissant metadata (JSON-LD)."""
    return f"GAN/data/synthetic/{machine_id}/croissant.json"


def report_key(machine_id: str) -> str:
    """Quality report for machines (JSON)."""
    return f"GAN/reports/generation/{machine_id}_report.json"


def page_key(machine_id: str) -> str:
    """Quality report for people (HTML)."""
    return f"GAN/reports/generation/{machine_id}_report.html"
