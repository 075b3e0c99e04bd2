"""Versions of a machine's predictor."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from api.dependencies import path_params
from api.dependencies.path_params import MachineId
from api.responses.models import Time, sent
from api.responses.problems import documented
from errors import NotFound
from storage.queries import predictors
from storage.queries.predictors import PredictorRow

router = APIRouter(prefix="/api/gan/machines/{machine_id}/predictors", tags=["results"])


class Predictor(BaseModel):
    """A version of a predictor; its file is one of the machine's artifacts."""

    machine_id: str
    version: int
    key: str = Field(description="Published name of its file.")
    sha256: str
    task_id: int = Field(description="The task that trained it.")
    learnt_from: str = Field(description="The lives that it learnt from.")
    units: int = Field(description="Number of these lives.")
    scores: dict[str, float] = Field(description="Metrics on units that it has not seen.")
    training_time_seconds: float
    no_forecast: str | None = Field(description="Why it gives no RUL; null if it does.")
    live: bool = Field(description="Whether it is the version that predicts.")
    note: str = Field(description="Why it is or is not live; may be empty.")
    created_at: Time

    @classmethod
    def of(cls, row: PredictorRow) -> Predictor:
        """A version as the ledger has it."""
        columns = asdict(row)
        return cls(task_id=columns.pop("job_id"), **columns)


class Predictors(BaseModel):
    """All versions of a machine's predictor, newest first."""

    items: list[Predictor]


@router.get(
    "",
    summary="The versions of a machine's predictor",
    response_model=Predictors,
    responses=documented(404),
)
def list_predictors(machine_id: MachineId) -> Response:
    """Newest first; empty before the first training has ended."""
    path_params.profile_of(machine_id)
    items = [Predictor.of(row) for row in predictors.predictors(machine_id)]
    return sent(Predictors(items=items))


@router.get(
    "/{version}",
    summary="One version of a machine's predictor",
    response_model=Predictor,
    responses=documented(404, 422),
)
def show(
    machine_id: MachineId,
    version: Annotated[int, Path(ge=1, lt=2**31, examples=[1])],
) -> Response:
    """What it learnt from, its scores, and whether it is live."""
    path_params.profile_of(machine_id)
    try:
        return sent(Predictor.of(predictors.predictor(machine_id, version)))
    except NotFound as error:
        raise NotFound(f"{error}; see GET /api/gan/machines/{machine_id}/predictors") from None
