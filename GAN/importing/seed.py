"""Create a seed from a file of real run-to-failure data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from GAN.files import sha256_of
from GAN.importing.columns import RunColumns
from GAN.importing.conversion import convert_runs
from GAN.importing.files import read_runs
from GAN.profiles.profile import MachineProfile
from GAN.progress import Progress
from GAN.simulation.physics import with_physics

if TYPE_CHECKING:
    import pandas as pd


def imported_seed(
    profile: MachineProfile,
    file: Path,
    columns: RunColumns,
    failure_mode: str | None,
    physics_share: float,
    seed: int,
    progress: Progress,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, object]]:
    """Read and convert the data, and add simulated lives if wanted.

    Args:
        profile: The machine.
        file: A .csv or .parquet file.
        columns: Meaning of its columns.
        failure_mode: Failure mode of all units, if there is no column for it.
        physics_share: Share of all rows that are simulated.
        seed: Random seed of the simulated rows.
        progress: Also receives notes about changes to the data.

    Returns:
        The seed, the units that had not failed (see `Runs.unfailed`), and metadata about their
        origin.

    Raises:
        InvalidInput: With every problem of the file.
    """
    progress(0, "reading the data")
    table = read_runs(file)
    progress(30, f"{len(table):,} rows")
    runs = convert_runs(table, columns, file.name, profile, failure_mode)
    for note in runs.notes:
        progress(60, note)
    frame = with_physics(runs.frame, profile, physics_share, seed)
    return (
        frame,
        runs.unfailed,
        {
            "origin": "imported",
            "file_sha256": sha256_of(file),
            "imported_rows": len(runs.frame),
            "imported_units": runs.units,
            "censored_units": " ".join(map(str, runs.censored)),
            "unfailed_rows": len(runs.unfailed),
            "physics_share": round(1 - len(runs.frame) / len(frame), 4),
        },
    )
