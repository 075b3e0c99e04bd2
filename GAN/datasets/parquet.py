"""Seed and synthetic tables as Parquet files that say what they are and where they come from."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from GAN.files import replacing
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

#: Columns that are written as a dictionary; sensors hardly repeat, and are written in a third of
#: the time without.
_REPEATING = ["unit_id", "failure_mode"]

Kind = Literal["seed", "synthetic"]


def write_table(
    frame: pd.DataFrame, path: Path, profile: MachineProfile, kind: Kind, **provenance: object
) -> None:
    """Write a data set, all of it or nothing.

    Args:
        frame: Columns unit_id, cycle_hour, rul_hours, failure_mode and the profile's sensors.
        path: Where to; missing folders are made.
        profile: Gives the columns' units.
        kind: Which sort of data it is.
        provenance: More to remember: the seed number, the split, the number of epochs.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    facts = {
        "fleetforge_version": _fleetforge_version(),
        "machine_id": profile.machine_id,
        "profile_sha256": profile.sha256,
        "kind": kind,
        **provenance,
    }
    schema = _schema(profile).with_metadata({key: str(value) for key, value in facts.items()})
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    # from_pandas puts pandas' own notes into the metadata; the schema says all there is to say.
    table = table.replace_schema_metadata(schema.metadata)
    with replacing(path) as part:
        pq.write_table(table, part, compression="zstd", use_dictionary=_REPEATING)


def read_table(path: Path) -> pd.DataFrame:
    """A data set as `write_table` took it.

    Raises:
        FileNotFoundError: There is no such file.
    """
    import pyarrow.parquet as pq

    frame: pd.DataFrame = pq.read_table(path, memory_map=False).to_pandas()
    return frame


def read_provenance(path: Path) -> dict[str, str]:
    """What `write_table` noted about a data set."""
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    return {key.decode(): value.decode() for key, value in metadata.items()}


def _schema(profile: MachineProfile) -> Any:
    import pyarrow as pa

    def field(name: str, type_: Any, unit: str) -> Any:
        return pa.field(name, type_, nullable=False, metadata={"unit": unit})

    return pa.schema(
        [
            field("unit_id", pa.int32(), ""),
            field("cycle_hour", pa.float64(), "h"),
            field("rul_hours", pa.float64(), "h"),
            field("failure_mode", pa.string(), ""),
            *(field(sensor.name, pa.float64(), sensor.unit) for sensor in profile.sensors),
        ]
    )


def _fleetforge_version() -> str:
    try:
        return version("fleetforge")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
