"""Where the seed of a model comes from: simulation or real data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from GAN import files
from GAN.datasets.parquet import read_provenance


@dataclass(frozen=True)
class SeedOrigin:
    """The origin of a seed data set, from its own metadata.

    Attributes:
        sha256: SHA-256 of the seed file.
        number: Random seed of the simulation.
        simulated_share: Share of its rows that are simulated, 0 to 1.
        real_rows: Rows that were imported.
        real_units: Units that were imported.
        file_sha256: SHA-256 of the file they were imported from; empty if all rows are simulated.
        unfailed_rows: Rows of real units that had not failed, in another file.
    """

    sha256: str
    rows: int
    units: int
    number: str
    simulated_share: float
    real_rows: int
    real_units: int
    file_sha256: str
    #: Models of earlier versions do not have it.
    unfailed_rows: int = 0

    @property
    def is_real(self) -> bool:
        """Whether it contains real data."""
        return self.real_rows > 0

    @property
    def text(self) -> str:
        """One sentence about it, in plain text."""
        size = f"{self.rows:,} rows of {self.units} units"
        if not self.is_real:
            return f"{size}, all simulated from the machine's profile (random seed {self.number})."
        return (
            f"{size}: {self.real_rows:,} rows of {self.real_units} units are real data, imported "
            f"from a file with SHA-256 {self.file_sha256}; {100 * self.simulated_share:.1f} % of "
            "the rows are simulated from the machine's profile."
        )


def read_origin(path: Path) -> SeedOrigin:
    """Read the origin of a seed data set.

    Raises:
        FileNotFoundError: There is no such file.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    facts = read_provenance(path)
    units = pq.read_table(path, columns=["unit_id"], memory_map=False)["unit_id"]
    return SeedOrigin(
        sha256=files.sha256_of(path),
        rows=len(units),
        units=pc.count_distinct(units).as_py(),
        number=facts.get("seed", "unknown"),
        simulated_share=float(facts.get("physics_share", 1.0)),
        real_rows=int(facts.get("imported_rows", 0)),
        real_units=int(facts.get("imported_units", 0)),
        unfailed_rows=int(facts.get("unfailed_rows", 0)),
        file_sha256=facts.get("file_sha256", ""),
    )
