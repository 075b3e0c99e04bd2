"""Problem documents (RFC 9457): errors as clients see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from errors import Problem

MEDIA_TYPE = "application/problem+json"

#: `Retry-After` while the ledger or the artifact store does not answer, seconds.
RETRY_SECONDS = 2


class FieldProblem(BaseModel):
    """One problem of a request."""

    path: str = Field(
        description="The field, such as `sensors[3].normal.max`; empty: the whole input."
    )
    message: str
    advice: str = Field(description="What to write instead.")


class ProblemDocument(BaseModel):
    """What went wrong and what to do (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What went wrong and what to do, in one sentence.")
    errors: list[FieldProblem] = Field(default=[], description="All problems of an invalid input.")


def problem(
    status: int,
    detail: str,
    errors: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A response that says what went wrong.

    Args:
        status: HTTP status, 4xx or 5xx.
        detail: What went wrong and what to do, in one sentence.
        errors: All problems of an invalid input.
        headers: Additional headers.
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
    """Problems as fields of a response."""
    return [
        FieldProblem(
            path=_encodable(found.path),
            message=_encodable(found.message),
            advice=_encodable(found.advice),
        )
        for found in problems
    ]


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` entries of a route for the problems that it may answer with."""
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status in statuses
    }


def _encodable(text: str) -> str:
    """The text, with lone surrogates escaped: JSON can contain them, UTF-8 cannot."""
    return text.encode("utf-8", "backslashreplace").decode()


#: Statuses that any route may answer: the middleware and the token check can fail too.
EVERYWHERE = (401, 403, 413, 421, 429, 500, 503)

_MEANINGS = {
    401: "A token is needed, or the one sent is wrong, expired or revoked.",
    403: "The token's scope is not enough; the detail names the scope that is needed.",
    404: "Not found; the detail says where to look.",
    409: "Not possible in the current state; the detail says what to do first.",
    413: "The body is larger than 1,000,000 bytes; readings: 8,000,000.",
    415: "The body's type is not supported here.",
    416: "The range lies beyond the end of the file.",
    422: "The request is invalid; `errors` lists every problem.",
    421: "The service has no such host name; see FLEETFORGE_ALLOWED_HOSTS.",
    429: "Too many requests in a minute; try again after `Retry-After` seconds.",
    500: "An error of this service, or a file whose SHA-256 is not the ledger's; see the detail.",
    503: "The ledger or the artifact store does not answer; try again after `Retry-After` seconds.",
}
