"""The data card: a README next to the synthetic sets, with Hugging Face front matter."""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname, relpath

from GAN import files, layout
from GAN.datasets.columns import Column, columns
from GAN.datasets.provenance import SeedOrigin
from GAN.profiles.profile import MachineProfile
from GAN.reporting.cards.croissant import croissant
from GAN.reporting.cards.dataset import Dataset, describe
from GAN.reporting.cards.markdown import bullets, escaped, front_matter, plain, table
from GAN.reporting.cards.wording import (
    FLEETFORGE_LICENCE,
    LICENCE,
    LIMITS,
    NOT_FOR,
    TAGS,
    USES,
    rights,
    warning,
)
from GAN.results import GenerationResult

#: Hugging Face's names of the splits.
_SPLITS = {"train": "train", "val": "validation", "test": "test"}


def write_data_card(
    root: Path,
    profile: MachineProfile,
    generated: GenerationResult,
    epochs: int,
    model: Path,
    origin: SeedOrigin,
) -> None:
    """Write the data card and the Croissant metadata of sets that were just written.

    Args:
        root: Folder of the artifacts.
        profile: The machine.
        generated: The sets.
        epochs: Epochs of the model's training.
        model: The model file.
        origin: The seed that the model was trained on.
    """
    dataset = describe(profile, generated, epochs, model, origin)
    files.write_text(root / layout.croissant_key(profile.machine_id), croissant(dataset))
    files.write_text(root / layout.data_card_key(profile.machine_id), data_card(dataset))


def data_card(dataset: Dataset) -> str:
    """The card as Markdown."""
    profile, origin = dataset.profile, dataset.origin
    return f"""{_front_matter(dataset)}
# {profile.machine_id}: synthetic run-to-failure data

> **Simulated data.** {warning("These data are", origin)}

{_machine(profile)}

## Sets

{_sets(dataset)}

{dataset.rows:,} rows of {dataset.units} units, split by unit: no unit is in two sets. Each unit has
a row every {dataset.time_step_hours:g} h, from new to failed. [croissant.json](croissant.json) has
the same facts for programs, with sizes and checksums.

## Columns

{table(["column", "type", "unit", "meaning"], map(_column, columns(profile)))}

## How the data were made

{bullets(map(escaped, dataset.steps))}

The model is {_model(dataset)}.

Made with Fleetforge {escaped(dataset.fleetforge_version)} on {dataset.made}. SHA-256 of the
profile: `{profile.sha256}`.

The {_report(profile.machine_id)}, says how good the data are and whether they passed. It is
written after this card; if it is missing, the data have not been assessed.

## Use

Intended for

{bullets(USES)}

Not for

{bullets(NOT_FOR)}

Limits:

{bullets(LIMITS)}

## Licence

{rights(origin)} Then fill in `license` above and in croissant.json.

{FLEETFORGE_LICENCE}
"""


def _front_matter(dataset: Dataset) -> str:
    profile = dataset.profile
    return front_matter(
        {
            "pretty_name": plain(
                f"Synthetic run-to-failure data of {profile.manufacturer} {profile.model}"
            ),
            "license": LICENCE,
            "annotations_creators": ["machine-generated"],
            "task_categories": ["tabular-regression", "tabular-classification"],
            "tags": [*TAGS, profile.machine_type],
            "configs": [
                {
                    "config_name": "default",
                    "data_files": [
                        {"split": _SPLITS[one.split], "path": one.name} for one in dataset.sets
                    ],
                }
            ],
        }
    )


def _machine(profile: MachineProfile) -> str:
    life = f"{profile.life.degradation_pattern}, up to {profile.life.max_rul_hours:g} h"
    facts = {
        "make and model": f"{profile.manufacturer} {profile.model}",
        "type": profile.machine_type,
        "description": profile.description,
        "life": life,
    }
    return table(["machine", profile.machine_id], [[k, escaped(v)] for k, v in facts.items() if v])


def _sets(dataset: Dataset) -> str:
    rows = [
        [f"[{one.name}]({one.name})", f"{one.rows:,}", str(one.units), f"`{one.sha256}`"]
        for one in dataset.sets
    ]
    return table(["file", "rows", "units", "SHA-256"], rows)


def _column(column: Column) -> list[str]:
    return [f"`{column.name}`", column.type, escaped(column.unit), escaped(column.meaning)]


def _model(dataset: Dataset) -> str:
    machine_id = dataset.profile.machine_id
    key = layout.model_key(machine_id, dataset.epochs)
    card = _link(machine_id, layout.model_card_key(machine_id, dataset.epochs), "model card")
    return f"`{Path(key).name}`, SHA-256 `{dataset.model_sha256}` ({card})"


def _report(machine_id: str) -> str:
    key = layout.page_key(machine_id)
    return f"quality report, {_link(machine_id, key, Path(key).name)}"


def _link(machine_id: str, key: str, text: str) -> str:
    return f"[{text}]({relpath(key, dirname(layout.data_card_key(machine_id)))})"
