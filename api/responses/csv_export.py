"""A Parquet file as CSV, a batch of rows at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

#: Rows per batch; with fifty sensors, a few MB.
BATCH_ROWS = 8192


def csv_of(path: Path) -> Iterator[bytes]:
    """The rows of a Parquet file as CSV with a header; missing values are empty.

    Only one batch is in memory, however large the file.
    """
    # Here, because pyarrow's import takes longer than most requests.
    from pyarrow import csv
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as table:
        header = True
        for batch in table.iter_batches(BATCH_ROWS):
            text = io.BytesIO()
            csv.write_csv(batch, text, csv.WriteOptions(include_header=header))
            header = False
            yield text.getvalue()
        if header:
            yield (",".join(f'"{name}"' for name in table.schema_arrow.names) + "\n").encode()
