"""The synthetic sets of a machine."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from api.dependencies import path_params
from api.dependencies.path_params import MachineId
from api.dependencies.service import TheService
from api.responses import examples
from api.responses.csv_export import csv_of
from api.responses.files import local_copy, published, send_file, send_stream
from api.responses.problems import documented
from GAN.layout import split_key

router = APIRouter(prefix="/api/gan/machines/{machine_id}/data", tags=["results"])

PARQUET, CSV = "application/vnd.apache.parquet", "text/csv"

_FILE = {"schema": {"type": "string", "format": "binary"}}
_TEXT = {"schema": {"type": "string"}, "example": examples.CSV}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The whole set.",
        "content": {PARQUET: _FILE, f"{CSV}; charset=utf-8": _TEXT},
    },
    206: {"description": "The requested range.", "content": {PARQUET: _FILE}},
    304: {"description": "The file has not changed: `If-None-Match` has its ETag."},
    **documented(404, 416, 422),
}

#: Documented here; `send_file` reads it.
_RANGE = {
    "name": "Range",
    "in": "header",
    "required": False,
    "description": "One range, such as `bytes=0-1023`; for Parquet only.",
    "schema": {"type": "string", "examples": ["bytes=0-1023"]},
}

Split = Annotated[Literal["train", "val", "test"], Path(examples=["train"])]
Format = Annotated[Literal["parquet", "csv"], Query(alias="format", examples=["csv"])]


@router.get(
    "/{split}",
    summary="A synthetic set",
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra={"parameters": [_RANGE]},
)
@router.head("/{split}", include_in_schema=False)
def download(
    request: Request,
    service: TheService,
    machine_id: MachineId,
    split: Split,
    file_format: Format = "parquet",
) -> Response:
    """The newest published set, as Parquet or CSV; Parquet supports range requests.

    The ETag of Parquet is its SHA-256. HEAD sends the same headers without a body.
    """
    path_params.profile_of(machine_id)
    file = published(machine_id, split_key(machine_id, split), "generate")
    path = local_copy(service.store, file)
    name = f"{machine_id}_{split}.{file_format}"
    if file_format == "csv":
        return send_stream(request, csv_of(path), f'"{file.sha256}.csv"', CSV, name)
    return send_file(request, path, file.sha256, PARQUET, name)
