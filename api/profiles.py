"""Checking a profile before it is submitted."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.bodies import SentProfile, profile_body
from api.once import TheRequest, answer
from api.problems import FieldProblem, as_fields, documented
from errors import InvalidProfile
from events.bus import Send
from storage.answers import Answer

router = APIRouter(prefix="/api/gan/profiles", tags=["profiles"])


class Verdict(BaseModel):
    """Whether a profile can be taken in."""

    valid: bool
    problems: list[FieldProblem] = Field(description="Every problem; none if it is valid.")


@router.post(
    "/validate",
    summary="Check a profile",
    response_model=Verdict,
    responses=documented(415, 422, 503),
    openapi_extra=profile_body(),
)
def validate(profile: SentProfile, once: TheRequest) -> Response:
    """Every problem of a profile, with its place and what to write instead; nothing is kept."""

    def effect(_: Send) -> Answer:
        try:
            profile.read()
        except InvalidProfile as error:
            return answer(200, Verdict(valid=False, problems=as_fields(error.problems)))
        return answer(200, Verdict(valid=True, problems=[]))

    return once(effect)
