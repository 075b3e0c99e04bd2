"""Errors as a client sees them: RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from errors import Problem

MEDIA_TYPE = "application/problem+json"

#: How soon whoever found a server away may ask again, seconds.
RETRY_SECONDS = 2


class FieldProblem(BaseModel):
    """One thing wrong with what was sent."""

    path: str = Field(description="Where, such as `sensors[3].normal.max`; empty for the whole.")
    message: str
    advice: str = Field(description="What to write instead.")


class ProblemDocument(BaseModel):
    """What went wrong, and what to do (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="One sentence that a person can act on.")
    errors: list[FieldProblem] = Field(default=[], description="Every problem of a bad input.")


def problem(
    status: int,
    detail: str,
    errors: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A response that says what went wrong.

    Args:
        status: HTTP status, 4xx or 5xx.
        detail: One sentence that a person can act on.
        errors: Every problem of a bad input.
        headers: Sent beside it.
    """
    document = ProblemDocument(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=_encodable(detail),
        errors=as_fields(errors),
    )
    return JSONResponse(
        document.model_dump(), status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def as_fields(problems: Sequence[Problem]) -> list[FieldProblem]:
    """Problems as they are sent."""
    return [
        FieldProblem(
            path=_encodable(found.path),
            message=_encodable(found.message),
            advice=_encodable(found.advice),
        )
        for found in problems
    ]


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route's `responses` says of the problems that it may answer with."""
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status in statuses
    }


def _encodable(text: str) -> str:
    """The text, with escapes for half characters that JSON can spell and UTF-8 cannot."""
    return text.encode("utf-8", "backslashreplace").decode()


#: What every route may answer, if only by what is before it: tokens are in the ledger.
EVERYWHERE = (401, 403, 413, 421, 429, 500, 503)

_MEANINGS = {
    401: "A token is needed, or the one that was sent is wrong, expired or revoked.",
    403: "The token's scope is not enough; the detail says which is.",
    404: "There is no such thing; the detail says where to look.",
    409: "It does not go with how things stand; the detail says which call comes first.",
    413: "The body is larger than 1,000,000 bytes.",
    415: "The body is of a type that is not read here.",
    416: "The range lies beyond the end of the file.",
    422: "The request is wrong; `errors` names every problem.",
    421: "The service does not go by this name; see FLEETFORGE_ALLOWED_HOSTS.",
    429: "Too many requests in a minute; ask again after `Retry-After` seconds.",
    500: "An error of this service, or a file that is not the ledger's; the detail says which.",
    503: "A server behind this one does not answer; ask again after `Retry-After` seconds.",
}
