"""Bodies with readings: JSON, NDJSON, CSV or Parquet, by content type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from api.dependencies.bodies import media_type_of
from api.responses import unit_examples
from GAN.telemetry.batch import MEDIA_TYPES, SentBatch, read_batch


@dataclass(frozen=True)
class ReadingsBody:
    """Readings that are not yet parsed."""

    data: bytes
    media_type: str

    def read(self) -> SentBatch:
        """Parse them.

        Raises:
            InvalidInput: They cannot be read.
        """
        return read_batch(self.data, self.media_type)


async def _readings_body(request: Request) -> ReadingsBody:
    media_type = media_type_of(request)
    if media_type not in MEDIA_TYPES:
        known = ", ".join(MEDIA_TYPES)
        raise HTTPException(415, f"send readings as {known}, and write the type in Content-Type")
    return ReadingsBody(await request.body(), media_type)


#: A parameter of routes that take readings.
SentReadings = Annotated[ReadingsBody, Depends(_readings_body)]


def readings_body() -> dict[str, Any]:
    """OpenAPI of a body with readings; FastAPI does not see what the dependency reads."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    content: dict[str, Any] = dict.fromkeys(MEDIA_TYPES, binary)
    content["application/json"] = {"schema": {"type": "object"}, "example": unit_examples.READINGS}
    return {"requestBody": {"required": True, "content": content}}
