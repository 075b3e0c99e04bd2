"""The path of each file of a machine, relative to the artifact root."""

from __future__ import annotations

from collections.abc import Iterable

#: The synthetic sets of a machine, in the order they are generated.
SPLITS = ("train", "val", "test")


#: Suffixes of a model and of a predictor; their cards have the same name with another suffix.
MODEL_SUFFIX = ".pkl"
PREDICTOR_SUFFIX = ".zip"


def metadata_key(machine_id: str) -> str:
    """SDV metadata of the table that the TVAE is trained on (JSON)."""
    return f"GAN/metadata/{machine_id}_metadata.json"


def seed_key(machine_id: str) -> str:
    """Run-to-failure seed data (Parquet)."""
    return f"GAN/seed_data/temporal/{machine_id}_temporal_seed.parquet"


def unfailed_key(machine_id: str) -> str:
    """Real units that had not failed at their last reading (Parquet)."""
    return f"GAN/seed_data/temporal/{machine_id}_temporal_unfailed.parquet"


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


def predictor_key(machine_id: str, version: int) -> str:
    """A predictor of failures (zip of texts and an array); versions are kept side by side."""
    return f"{_predictor_prefix(machine_id)}{version}{PREDICTOR_SUFFIX}"


def predictor_card_key(machine_id: str, version: int) -> str:
    """Card of a predictor (Markdown), next to it."""
    return f"{_predictor_prefix(machine_id)}{version}.md"


def predictor_versions(machine_id: str, keys: Iterable[str]) -> list[int]:
    """The versions of a machine's predictor among keys of files, ascending."""
    prefix = _predictor_prefix(machine_id)
    found = [
        key.removeprefix(prefix).removesuffix(PREDICTOR_SUFFIX)
        for key in keys
        if key.startswith(prefix) and key.endswith(PREDICTOR_SUFFIX)
    ]
    return sorted(int(version) for version in found if version.isdecimal())


def _predictor_prefix(machine_id: str) -> str:
    return f"GAN/models/predictors/{machine_id}/{machine_id}_predictor_v"


def life_key(machine_id: str, unit: str, life: int) -> str:
    """The readings of one life of a unit in service (Parquet)."""
    return f"GAN/data/lives/{machine_id}/{unit}_life{life}.parquet"


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
