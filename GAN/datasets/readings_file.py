"""Readings of units as Parquet files: a column of units, one of times, and one for each sensor."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from GAN.files import replacing
from GAN.profiles.profile import MachineProfile

_MS_PER_DAY = 86_400_000


class ReadingRow(NamedTuple):
    """A row of readings.

    Attributes:
        at: ms since 1970.
        figures: One float64 for each sensor of the profile, little-endian; NaN without a reading,
            infinity if the reading is impossible.
        late: Whether it came after a later one was used.
    """

    unit: str
    at: int
    figures: bytes
    late: bool


def by_day(rows: Sequence[ReadingRow]) -> Iterator[tuple[int, list[ReadingRow]]]:
    """The rows of each day (UTC): its number since 1970, and its rows by unit and time."""
    ordered = sorted(rows, key=lambda row: (row.at // _MS_PER_DAY, row.unit, row.at))
    for day, found in groupby(ordered, key=lambda row: row.at // _MS_PER_DAY):
        yield day, list(found)


def write_readings(profile: MachineProfile, rows: Sequence[ReadingRow], path: Path) -> None:
    """Write readings; missing ones are null."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    sensors = profile.sensors
    values = np.frombuffer(b"".join(row.figures for row in rows), dtype="<f8")
    values = values.reshape(-1, len(sensors))
    columns = {
        "unit": pa.array([row.unit for row in rows], pa.string()),
        "at": pa.array([row.at for row in rows], pa.timestamp("ms", tz="UTC")),
        **{
            _column(sensor.name): pa.array(values[:, index], pa.float64(), from_pandas=True)
            for index, sensor in enumerate(sensors)
        },
        "late": pa.array([row.late for row in rows], pa.bool_()),
    }
    with replacing(path) as part:
        parquet.write_table(pa.table(columns), part, compression="zstd", use_dictionary=["unit"])


def read_readings(
    profile: MachineProfile, path: Path, units: Collection[str], since: int, until: int
) -> list[ReadingRow]:
    """Rows of some units, by unit and time.

    Args:
        profile: The machine type.
        path: A file that `write_readings` wrote.
        units: Names of units.
        since: Time of the first row, ms since 1970; likewise `until`.
        until: Time of the last row.
    """
    from datetime import UTC, datetime

    import pyarrow as pa
    from pyarrow import parquet

    first, last = (
        pa.scalar(datetime.fromtimestamp(ms / 1000, UTC), pa.timestamp("ms", tz="UTC"))
        for ms in (since, until)
    )
    table = parquet.read_table(
        path,
        memory_map=False,
        filters=[("unit", "in", list(units)), ("at", ">=", first), ("at", "<=", last)],
    )
    names = [sensor.name for sensor in profile.sensors]
    columns = [
        [float("nan") if value is None else value for value in table[_column(name)].to_pylist()]
        for name in names
    ]
    packed = struct.Struct(f"<{len(names)}d").pack
    times = table["at"].cast(pa.int64()).to_pylist()
    return [
        ReadingRow(unit, at, packed(*figures), late)
        for unit, at, late, figures in zip(
            table["unit"].to_pylist(),
            times,
            table["late"].to_pylist(),
            zip(*columns, strict=True),
            strict=True,
        )
    ]


def _column(sensor: str) -> str:
    """The column of a sensor, which may be named as one of the others."""
    return f"sensor_{sensor}" if sensor in ("unit", "at", "late") else sensor
