"""Where the seed of a model comes from: simulated, or real data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from GAN import files
from GAN.datasets.parquet import read_provenance


@dataclass(frozen=True)
class SeedOrigin:
    """What a seed data set says of itself.

    Attributes:
        sha256: Of its own file.
        number: Random seed it was made with.
        simulated_share: Share of its rows that are simulated, 0 to 1.
        real_rows: Rows that were imported.
        real_units: Units that were imported.
        file_sha256: Of the file they were imported from; empty if it is all simulated.
    """

    sha256: str
    rows: int
    units: int
    number: str
    simulated_share: float
    real_rows: int
    real_units: int
    file_sha256: str

    @property
    def is_real(self) -> bool:
        """Whether real data are in it."""
        return self.real_rows > 0

    @property
    def text(self) -> str:
        """One sentence on it, in plain text."""
        size = f"{self.rows:,} rows of {self.units} units"
        if not self.is_real:
            return f"{size}, all simulated from the machine's profile (random seed {self.number})."
        return (
            f"{size}: {self.real_rows:,} rows of {self.real_units} units are real data, imported "
            f"from a file with SHA-256 {self.file_sha256}; {100 * self.simulated_share:.1f} % of "
            "the rows are simulated from the machine's profile."
        )


def read_origin(path: Path) -> SeedOrigin:
    """What is noted in a seed data set.

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
        file_sha256=facts.get("file_sha256", ""),
    )
