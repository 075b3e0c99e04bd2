"""Facts about a trained model that programs read from its files; the pickle is not loaded.

Model cards have the facts of the training in their front matter, under `training`. Cards of
version 0.1 have them only in a table of the text, rounded.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from GAN import files, layout
from GAN.reporting.cards.markdown import read_front_matter
from GAN.results import ModelMetadata, TrainingResult

#: Rows of the table in a card of version 0.1.
_TABLE_0_1 = {
    "final_loss": re.compile(r"^\| mean loss of the last epoch \| (\S+) nats a row \|$", re.M),
    "training_time_seconds": re.compile(r"^\| time \| (\S+) s on .* \|$", re.M),
    "rows": re.compile(r"^\| rows \| (\S+) \|$", re.M),
}


def training_block(trained: TrainingResult, rows: int) -> dict[str, Any]:
    """The block `training` of a card's front matter.

    Args:
        trained: The model.
        rows: Rows of the seed that it was trained on.
    """
    return {
        "model_sha256": files.sha256_of(trained.path),
        "epochs": trained.epochs,
        "final_loss": float(trained.final_loss),
        "training_time_seconds": round(trained.training_time_seconds, 3),
        "rows": rows,
    }


def model_metadata(machine_id: str, path: Path) -> ModelMetadata:
    """Describe a model from its file and the model card next to it.

    A card that does not have the file's SHA-256 was written for another model: it is ignored.

    Args:
        machine_id: The machine.
        path: The model file, under its known name.
    """
    sha256 = files.sha256_of(path)
    facts = _card_facts(path.with_suffix(".md"), sha256)
    rows = _number(facts.get("rows"))
    return ModelMetadata(
        path=path,
        sha256=sha256,
        epochs=layout.model_epochs(machine_id, path.name),
        final_loss=_number(facts.get("final_loss")),
        training_time_seconds=_number(facts.get("training_time_seconds")),
        rows=None if rows is None else int(rows),
    )


def _card_facts(card: Path, model_sha256: str) -> dict[str, Any]:
    if not card.exists():
        return {}
    text = card.read_text(encoding="utf-8")
    if model_sha256 not in text:
        return {}
    block = read_front_matter(text).get("training")
    if isinstance(block, dict):
        return block
    matches = {name: pattern.search(text) for name, pattern in _TABLE_0_1.items()}
    return {name: match[1].replace(",", "") for name, match in matches.items() if match}


def _number(value: object) -> float | None:
    """The finite number, or None: a card is a text file that people may edit."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
