"""Readings and predictions as CSV or Parquet, a batch at a time.

pyarrow and NumPy are imported by the functions: the HTTP service starts without them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from GAN.profiles.profile import MachineProfile
from GAN.spreadsheet import safe_cell

Format = Literal["csv", "parquet"]

#: Columns of readings that are no sensors.
READING_COLUMNS = ("at", "life", "hours_in_service", "late")

_MS_PER_HOUR = 3_600_000

#: RFC 3339; %S has the milliseconds.
_RFC_3339 = "%Y-%m-%dT%H:%M:%SZ"

#: Columns of predictions and their types.
_PREDICTION_COLUMNS = (
    ("predicted_at", "time"),
    ("life", "int64"),
    ("predictor_version", "int64"),
    ("level", "string"),
    ("failure_class", "string"),
    ("probability", "float64"),
    ("probability_24h", "float64"),
    ("probabilities", "string"),
    ("rul_hours", "float64"),
    ("rul_low_hours", "float64"),
    ("rul_high_hours", "float64"),
    ("anomaly_score", "float64"),
    ("anomaly_limit", "float64"),
    ("strangeness", "float64"),
    ("health", "float64"),
    ("created_at", "time"),
    ("sentence", "string"),
)


@dataclass(frozen=True)
class Table:
    """A table that is made while it is sent.

    Attributes:
        schema: A `pyarrow.Schema`.
        batches: Its `pyarrow.RecordBatch`es.
    """

    schema: Any
    batches: Iterable[Any]


def reading_table(
    profile: MachineProfile,
    unit: str,
    rows: Iterable[Sequence[tuple[int, int, int, bytes, bool]]],
) -> Table:
    """Readings of a unit as a table with a column for each sensor; null without a reading.

    Impossible readings are null, too. A sensor whose name is one of `READING_COLUMNS` has
    `sensor_` in front.

    Args:
        profile: The machine type.
        unit: The unit.
        rows: Batches of time (ms), life, its beginning (ms), figures (float64), and whether the
            reading came late.
    """
    import numpy as np
    import pyarrow as pa

    sensors = [
        pa.field(_column_of(sensor.name), pa.float64(), metadata={"unit": sensor.unit})
        for sensor in profile.sensors
    ]
    schema = pa.schema(
        [
            pa.field("at", _arrow_type("time"), nullable=False),
            pa.field("life", pa.int64(), nullable=False),
            pa.field("hours_in_service", pa.float64(), nullable=False, metadata={"unit": "h"}),
            *sensors,
            pa.field("late", pa.bool_(), nullable=False),
        ],
        metadata={"machine_id": profile.machine_id, "unit": unit},
    )

    def batch(found: Sequence[tuple[int, int, int, bytes, bool]]) -> Any:
        at, life, began_at, figures, late = zip(*found, strict=True)
        times = np.array(at, dtype=np.int64)
        values = np.frombuffer(b"".join(figures), dtype="<f8").reshape(len(found), -1)
        # In the ledger, a missing reading is NaN, and an impossible one is infinite.
        values = np.where(np.isfinite(values), values, np.nan)
        hours = (times - np.array(began_at, dtype=np.int64)) / _MS_PER_HOUR
        columns = [
            pa.array(times).cast(schema.field("at").type),
            pa.array(life, pa.int64()),
            pa.array(hours),
            *(pa.array(column, from_pandas=True) for column in np.ascontiguousarray(values.T)),
            pa.array(late, pa.bool_()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    return Table(schema, map(batch, rows))


def prediction_table(machine_id: str, unit: str, rows: Iterable[Sequence[Any]]) -> Table:
    """Predictions of a unit as a table.

    Args:
        machine_id: The machine.
        unit: The unit.
        rows: Batches of predictions, with an attribute for each column; `sentence` is a part of
            `explanation`.
    """
    import pyarrow as pa

    schema = pa.schema(
        [pa.field(name, _arrow_type(kind)) for name, kind in _PREDICTION_COLUMNS],
        metadata={"machine_id": machine_id, "unit": unit},
    )

    def batch(found: Sequence[Any]) -> Any:
        columns = [
            pa.array([_cell(row, name) for row in found], _arrow_type(kind))
            for name, kind in _PREDICTION_COLUMNS
        ]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    return Table(schema, map(batch, rows))


def _cell(row: Any, name: str) -> Any:
    if name == "sentence":
        return row.explanation.get("sentence")
    value = getattr(row, name)
    return json.dumps(value) if name == "probabilities" else value


def _column_of(sensor: str) -> str:
    return f"sensor_{sensor}" if sensor in READING_COLUMNS else sensor


def _arrow_type(kind: str) -> Any:
    import pyarrow as pa

    return pa.timestamp("ms", "UTC") if kind == "time" else pa.type_for_alias(kind)


def encoded(table: Table, file_format: Format) -> Iterator[bytes]:
    """A table as a file, in pieces; one batch is in memory."""
    return _csv(table) if file_format == "csv" else _parquet(table)


def _csv(table: Table) -> Iterator[bytes]:
    from pyarrow import csv

    yield (",".join(f'"{name}"' for name in table.schema.names) + "\n").encode()
    options = csv.WriteOptions(include_header=False)
    for batch in table.batches:
        text = io.BytesIO()
        csv.write_csv(_for_csv(batch), text, options)
        yield text.getvalue()


def _for_csv(batch: Any) -> Any:
    """The batch with times in RFC 3339, and texts that no spreadsheet runs."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for column in batch.columns:
        if pa.types.is_timestamp(column.type):
            columns.append(pc.strftime(column, _RFC_3339))
        elif pa.types.is_string(column.type):
            texts = (None if text is None else safe_cell(text) for text in column.to_pylist())
            columns.append(pa.array(texts, pa.string()))
        else:
            columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


class _Pieces(io.RawIOBase):
    """A file that keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


def _parquet(table: Table) -> Iterator[bytes]:
    """Each batch becomes a row group."""
    from pyarrow.parquet import ParquetWriter

    file = _Pieces()
    with ParquetWriter(file, table.schema, compression="zstd") as writer:
        for batch in table.batches:
            writer.write_batch(batch, row_group_size=len(batch))
            yield file.taken()
    yield file.taken()
