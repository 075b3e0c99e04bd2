"""Seed and synthetic tables as Parquet files with metadata about their origin."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from GAN.files import replacing
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

#: Columns with dictionary encoding. Numbers hardly repeat: without it they are written in a third
#: of the time. Their bytes are split by place instead, which makes a file a seventh smaller.
_REPEATING = ["unit_id", "failure_mode"]

Kind = Literal["seed", "unfailed", "synthetic", "life"]


def write_table(
    frame: pd.DataFrame, path: Path, profile: MachineProfile, kind: Kind, **provenance: object
) -> None:
    """Write a data set atomically.

    Args:
        frame: Columns unit_id, cycle_hour, rul_hours, failure_mode and the profile's sensors.
        path: The file; missing folders are created.
        profile: Has the units of the columns.
        kind: Kind of data.
        provenance: Further metadata: random seed, split, number of epochs.
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
    schema = _schema(profile, kind).with_metadata({key: str(value) for key, value in facts.items()})
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    # from_pandas adds pandas' own metadata, which repeats the schema.
    table = table.replace_schema_metadata(schema.metadata)
    numbers = [name for name in schema.names if name not in _REPEATING]
    with replacing(path) as part:
        pq.write_table(
            table,
            part,
            compression="zstd",
            use_dictionary=_REPEATING,
            use_byte_stream_split=numbers,
        )


def read_table(path: Path) -> pd.DataFrame:
    """Read a data set that `write_table` wrote.

    Raises:
        FileNotFoundError: There is no such file.
    """
    import pyarrow.parquet as pq

    frame: pd.DataFrame = pq.read_table(path, memory_map=False).to_pandas()
    return frame


def read_provenance(path: Path) -> dict[str, str]:
    """The metadata that `write_table` wrote."""
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    return {key.decode(): value.decode() for key, value in metadata.items()}


def _schema(profile: MachineProfile, kind: Kind) -> Any:
    """The columns; in data of real machines readings may be missing, and how a life ended."""
    import pyarrow as pa

    gaps, open_end = kind in ("unfailed", "life"), kind == "life"

    def field(name: str, type_: Any, unit: str, nullable: bool = False) -> Any:
        return pa.field(name, type_, nullable=nullable, metadata={"unit": unit})

    return pa.schema(
        [
            field("unit_id", pa.int32(), ""),
            field("cycle_hour", pa.float64(), "h"),
            field("rul_hours", pa.float64(), "h", open_end),
            field("failure_mode", pa.string(), "", open_end),
            *(field(sensor.name, pa.float64(), sensor.unit, gaps) for sensor in profile.sensors),
        ]
    )


def _fleetforge_version() -> str:
    try:
        return version("fleetforge")
    except PackageNotFoundError:  # Run from a checkout that was never installed.
        return "unknown"
