"""Checking a profile before it is submitted."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.dependencies.bodies import SentProfile, profile_body
from api.dependencies.idempotency import idempotency_key
from api.responses.problems import FieldProblem, as_fields, documented
from errors import InvalidProfile

router = APIRouter(prefix="/api/gan/profiles", tags=["profiles"])


class Verdict(BaseModel):
    """Whether a profile is valid."""

    valid: bool
    problems: list[FieldProblem] = Field(description="Every problem; none if it is valid.")


@router.post(
    "/validate",
    summary="Check a profile",
    # Nothing is stored, so a read token suffices and a repeated request needs no stored answer.
    dependencies=[Depends(idempotency_key)],
    responses=documented(415, 422),
    openapi_extra=profile_body(),
)
def validate(profile: SentProfile) -> Verdict:
    """Find every problem of a profile, with its place and what to write instead.

    Nothing is stored. The scope `read` suffices. A repeated request is checked again, even with an
    `Idempotency-Key`.
    """
    try:
        profile.read()
    except InvalidProfile as error:
        return Verdict(valid=False, problems=as_fields(error.problems))
    return Verdict(valid=True, problems=[])
