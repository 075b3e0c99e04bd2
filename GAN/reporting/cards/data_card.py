"""The data card: a README next to the synthetic sets, with Hugging Face front matter."""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname, relpath

from markupsafe import Markup

from GAN import files, layout
from GAN.datasets.columns import columns
from GAN.datasets.provenance import SeedOrigin
from GAN.profiles.profile import MachineProfile
from GAN.reporting import rendering
from GAN.reporting.cards.croissant import croissant
from GAN.reporting.cards.dataset import Dataset, describe
from GAN.reporting.cards.markdown import front_matter, plain
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
    folder = dirname(layout.data_card_key(profile.machine_id))
    page = layout.page_key(profile.machine_id)
    life = f"{profile.life.degradation_pattern}, up to {profile.life.max_rul_hours:g} h"
    return rendering.card(
        "data_card.md",
        front_matter=_front_matter(dataset),
        profile=profile,
        warning=warning("These data are", origin),
        machine=[
            ("make and model", f"{profile.manufacturer} {profile.model}"),
            ("type", profile.machine_type),
            ("description", profile.description),
            ("life", life),
        ],
        dataset=dataset,
        columns=columns(profile),
        model_name=Path(layout.model_key(profile.machine_id, dataset.epochs)).name,
        model_card=relpath(layout.model_card_key(profile.machine_id, dataset.epochs), folder),
        report_name=Path(page).name,
        report=relpath(page, folder),
        uses=USES,
        not_for=NOT_FOR,
        limits=LIMITS,
        rights=rights(origin),
        fleetforge_licence=FLEETFORGE_LICENCE,
    )


def _front_matter(dataset: Dataset) -> Markup:
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
