"""Tables that are sent while they are read."""

from __future__ import annotations

from itertools import chain
from typing import Any

from fastapi.responses import StreamingResponse

from GAN.telemetry.export import Format, Table, encoded

MEDIA_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}

#: The `responses` entry of a route that also answers with a table.
TABLE_FORMATS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in MEDIA_TYPES.values()
        }
    }
}


def send_table(table: Table, file_format: Format, name: str) -> StreamingResponse:
    """Answer with a table as a file.

    Args:
        table: The table.
        file_format: The format of the file.
        name: Its name without a suffix.
    """
    pieces = encoded(table, file_format)
    # Read before the answer starts: if the ledger does not answer, the status can still say it.
    first = [piece for _, piece in zip(range(2), pieces, strict=False)]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{file_format}"'}
    return StreamingResponse(chain(first, pieces), 200, headers, MEDIA_TYPES[file_format])
