"""The versions of predictors that the ledger has."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from errors import NotFound
from storage.database import execute, reading


@dataclass(frozen=True, slots=True)
class PredictorRow:
    """A version of a machine's predictor.

    Attributes:
        key: Published name of its file.
        job_id: The job that trained it.
        learnt_from: The lives that it learnt from.
        units: Number of these lives.
        scores: Metrics on units that it has not seen, by name.
        no_forecast: Why it gives no RUL; None if it does.
        live: Whether it is the version that predicts.
        note: Why it is or is not live; may be empty.
        created_at: ms since 1970.
    """

    machine_id: str
    version: int
    key: str
    sha256: str
    job_id: int
    learnt_from: str
    units: int
    scores: dict[str, float]
    training_time_seconds: float
    no_forecast: str | None
    live: bool
    note: str
    created_at: int


def predictors(machine_id: str | None = None) -> list[PredictorRow]:
    """The versions of a machine, or the live one of every machine; newest first."""
    where = "live" if machine_id is None else "machine_id = :machine"
    return _rows(where, **({} if machine_id is None else {"machine": machine_id}))


def predictor(machine_id: str, version: int | None = None) -> PredictorRow:
    """A version of a machine's predictor; without a number, the live one.

    Raises:
        NotFound: There is none.
    """
    which = "live" if version is None else "version = :version"
    numbers = {} if version is None else {"version": version}
    found = _rows(f"machine_id = :machine AND {which}", machine=machine_id, **numbers)
    if not found:
        named = "predictor" if version is None else f"predictor version {version}"
        raise NotFound(f"{machine_id} has no {named}", kind="predictor")
    return found[0]


def _rows(condition: str, **parameters: Any) -> list[PredictorRow]:
    with reading():
        rows = execute(_SELECT.format(condition=condition), **parameters)
    return [
        replace(row, scores=json.loads(str(row.scores)), live=bool(row.live))
        for row in (PredictorRow(*row) for row in rows)
    ]


_SELECT = """
SELECT machine_id, version, key, sha256, job_id, learnt_from, units, scores,
    training_time_seconds, no_forecast, live, note, created_at
FROM predictors WHERE {condition}
ORDER BY machine_id, version DESC
"""
