"""Errors as a client sees them: RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from errors import Problem

MEDIA_TYPE = "application/problem+json"


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
        detail=detail,
        errors=[FieldProblem(path=e.path, message=e.message, advice=e.advice) for e in errors],
    )
    return JSONResponse(
        document.model_dump(), status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )
