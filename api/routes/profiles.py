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
    """Whether a profile can be taken in."""

    valid: bool
    problems: list[FieldProblem] = Field(description="Every problem; none if it is valid.")


@router.post(
    "/validate",
    summary="Check a profile",
    # Whoever may read may check: nothing is kept, so nothing has to be kept from coming twice.
    dependencies=[Depends(idempotency_key)],
    responses=documented(415, 422),
    openapi_extra=profile_body(),
)
def validate(profile: SentProfile) -> Verdict:
    """Every problem of a profile, with its place and what to write instead; nothing is kept.

    The scope `read` is enough. The same check again does the same, with an `Idempotency-Key` too.
    """
    try:
        profile.read()
    except InvalidProfile as error:
        return Verdict(valid=False, problems=as_fields(error.problems))
    return Verdict(valid=True, problems=[])
