"""Where each artifact of a machine lies below an artifact root, and how a file is put there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import NotFound

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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it takes `path`'s name once the block ends without an error.

    A reader therefore sees the old file or the new one, never half of one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def existing(path: Path, what: str, maker: str) -> Path:
    """The path, if something is there.

    Raises:
        NotFound: Nothing is; the message says which call makes it.
    """
    if not path.exists():
        raise NotFound(f"no {what} at {path}: {maker} makes it")
    return path


def write_text(path: Path, text: str) -> None:
    """Write a text, all of it or nothing."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
