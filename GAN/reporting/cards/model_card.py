"""The model card: a Markdown file next to the pickle, with the same name."""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname, relpath

from markupsafe import Markup

from GAN import files, layout
from GAN.datasets.columns import columns
from GAN.datasets.provenance import SeedOrigin
from GAN.profiles.profile import MachineProfile
from GAN.reporting import rendering
from GAN.reporting.cards.markdown import front_matter, plain
from GAN.reporting.cards.model_metadata import training_block
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
from GAN.results import TrainingResult


def write_model_card(
    root: Path, profile: MachineProfile, trained: TrainingResult, number: int, origin: SeedOrigin
) -> None:
    """Write the card of a model that was just saved.

    Args:
        root: Folder of the artifacts.
        profile: The machine.
        trained: The model.
        number: Random seed of the training.
        origin: The seed data.
    """
    key = layout.model_card_key(profile.machine_id, trained.epochs)
    files.write_text(root / key, model_card(profile, trained, number, origin))


def model_card(
    profile: MachineProfile, trained: TrainingResult, number: int, origin: SeedOrigin
) -> str:
    """The card as Markdown."""
    folder = dirname(layout.model_card_key(profile.machine_id, trained.epochs))
    not_learnt = ("unit_id", "cycle_hour", "rul_hours")
    return rendering.card(
        "model_card.md",
        front_matter=_front_matter(profile, trained, origin),
        profile=profile,
        warning=warning("The data that it generates are", origin),
        sha256=files.sha256_of(trained.path),
        name=trained.path.name,
        columns=[column for column in columns(profile) if column.name not in not_learnt],
        trained=trained,
        number=number,
        origin=origin,
        data_card=relpath(layout.data_card_key(profile.machine_id), folder),
        uses=USES,
        not_for=NOT_FOR,
        limits=LIMITS,
        rights=rights(origin),
        fleetforge_licence=FLEETFORGE_LICENCE,
    )


def _front_matter(profile: MachineProfile, trained: TrainingResult, origin: SeedOrigin) -> Markup:
    return front_matter(
        {
            "model_name": plain(f"TVAE of {profile.manufacturer} {profile.model}"),
            "license": LICENCE,
            "library_name": "sdv",
            "tags": [*TAGS, "tvae", profile.machine_type],
            "training": training_block(trained, origin.rows),
        }
    )
