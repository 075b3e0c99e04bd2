"""What a profile has to be, and checking one before it is submitted."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.dependencies.bodies import SentProfile, profile_body
from api.dependencies.idempotency import idempotency_key
from api.responses.problems import FieldProblem, as_fields, documented
from errors import InvalidProfile
from GAN.profiles.loading import profile_schema

router = APIRouter(prefix="/api/gan/profiles", tags=["profiles"])


class Verdict(BaseModel):
    """Whether a profile is valid."""

    valid: bool
    problems: list[FieldProblem] = Field(description="Every problem; none if it is valid.")


_SCHEMA = profile_schema()


@router.get(
    "/schema",
    summary="The schema of profiles",
    responses={200: {"content": {"application/json": {"example": _SCHEMA}}}},
)
async def schema() -> dict[str, Any]:
    """The JSON Schema of a profile, for forms and editors.

    It cannot say everything: `POST …/validate` also finds what fields have to be to each other.
    """
    return _SCHEMA


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
