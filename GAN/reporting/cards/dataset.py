"""The facts about a machine's synthetic sets that their card and Croissant metadata show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from GAN import files
from GAN.datasets.parquet import read_provenance
from GAN.datasets.provenance import SeedOrigin
from GAN.profiles.profile import MachineProfile
from GAN.results import GenerationResult


@dataclass(frozen=True)
class SetFile:
    """The file of one synthetic set; `size` in bytes."""

    split: str
    name: str
    rows: int
    units: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Dataset:
    """The synthetic sets of a machine.

    Attributes:
        number: Random seed of the generation.
        epochs: Epochs of the model's training.
        made: Day of the generation, UTC.
    """

    profile: MachineProfile
    origin: SeedOrigin
    sets: tuple[SetFile, ...]
    time_step_hours: float
    number: str
    epochs: int
    model_sha256: str
    fleetforge_version: str
    made: date

    @property
    def rows(self) -> int:
        """Rows of all sets."""
        return sum(one.rows for one in self.sets)

    @property
    def units(self) -> int:
        """Units of all sets; no unit is in two sets."""
        return sum(one.units for one in self.sets)

    @property
    def steps(self) -> tuple[str, ...]:
        """How the sets were made: one plain text per step."""
        return (
            f"Seed: {self.origin.text}",
            f"Model: a tabular VAE (TVAE), trained on the seed for {self.epochs} epochs.",
            "Lives: for each synthetic unit a lifetime, a failure mode and unit effects are drawn, "
            f"and the model generates its readings (random seed {self.number}).",
        )


def describe(
    profile: MachineProfile,
    generated: GenerationResult,
    epochs: int,
    model: Path,
    origin: SeedOrigin,
) -> Dataset:
    """Collect the facts about sets that were just written.

    Args:
        profile: The machine.
        generated: The sets.
        epochs: Epochs of the model's training.
        model: The model file.
        origin: The seed that the model was trained on.
    """
    facts = read_provenance(generated.paths["train"])
    return Dataset(
        profile=profile,
        origin=origin,
        sets=tuple(
            SetFile(
                split=split,
                name=path.name,
                rows=generated.rows[split],
                units=generated.units[split],
                size=path.stat().st_size,
                sha256=files.sha256_of(path),
            )
            for split, path in generated.paths.items()
        ),
        time_step_hours=generated.time_step_hours,
        number=facts["seed"],
        epochs=epochs,
        model_sha256=files.sha256_of(model),
        fleetforge_version=facts["fleetforge_version"],
        made=datetime.now(UTC).date(),
    )
