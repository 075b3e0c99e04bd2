"""Versions of predictors, and which one is live: the one that predicts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from errors import NotFound
from storage.database import now_ms
from storage.tables import Artifact, Predictor

#: The share of true RULs inside the 90 % interval. A version that replaces the live one may be off
#: by so much, or by two standard errors where few units were judged.
COVERAGE, NOMINAL, OFF = "coverage_90", 0.9, 0.08


@dataclass(frozen=True)
class TrainedPredictor:
    """A predictor that a job has trained.

    Attributes:
        key: Key of its file, which is in the ledger.
        learnt_from: The lives that it learnt from.
        units: Number of these lives.
        scores: Metrics on units that it has not seen, by name.
        seconds: Duration of the training.
        no_forecast: Why it gives no RUL; None if it does.
        against: Why it does not replace the live version; empty if it does.
    """

    key: str
    version: int
    learnt_from: str
    units: int
    scores: Mapping[str, float]
    seconds: float
    no_forecast: str | None
    against: str = ""


@dataclass(frozen=True)
class PredictorFacts:
    """What the ledger needs of a predictor's content.

    Attributes:
        condition_basis: What the conditions of units depend on.
        prior: The prediction of a new unit, as JSON.
    """

    condition_basis: str
    prior: Mapping[str, Any]


def describe(job_id: int, facts: PredictorFacts) -> bool:
    """Add the facts to the version that a job has trained; call after `record_predictor`.

    Returns:
        Whether that version is live.
    """
    version = Predictor.get_or_none(Predictor.job == job_id)
    if version is None:
        return False
    Predictor.update(
        condition_basis=facts.condition_basis, prior=json.dumps(dict(facts.prior))
    ).where(Predictor.id == version.id).execute()
    return bool(version.live)


def record_predictor(machine_id: str, predictor: TrainedPredictor) -> None:
    """Add a version of a machine's predictor; call inside the transaction that adds its file.

    The version becomes live if none is, or if nothing speaks against it.
    """
    file = (
        Artifact.select(Artifact.job, Artifact.sha256)
        .where(Artifact.machine == machine_id, Artifact.key == predictor.key)
        .order_by(Artifact.id.desc())
        .first()
    )
    if file is None:
        return
    live = Predictor.get_or_none(Predictor.machine == machine_id, Predictor.live)
    against = "" if live is None else predictor.against or _off_coverage(predictor.scores)
    if live is not None and not against:
        Predictor.update(live=False).where(Predictor.id == live.id).execute()
    row: dict[str, Any] = {
        "job": file.job_id,
        "key": predictor.key,
        "sha256": file.sha256,
        "learnt_from": predictor.learnt_from,
        "units": predictor.units,
        "scores": json.dumps(dict(predictor.scores)),
        "training_time_seconds": predictor.seconds,
        "no_forecast": predictor.no_forecast,
        "live": not against,
        "note": against,
        "created_at": now_ms(),
    }
    # Two trainings at the same time have the same version; the file of the later one counts.
    Predictor.insert(machine=machine_id, version=predictor.version, **row).on_conflict(
        conflict_target=[Predictor.machine, Predictor.version], update=row
    ).execute()


def _off_coverage(scores: Mapping[str, float]) -> str:
    """What is wrong with the coverage of its intervals; empty if nothing is."""
    coverage = scores.get(COVERAGE)
    # Rows of a unit are right or wrong together, so a unit counts as one.
    chance = 2.0 * math.sqrt(NOMINAL * (1.0 - NOMINAL) / max(scores.get("units", math.inf), 1.0))
    off = max(OFF, chance)
    if coverage is None or abs(coverage - NOMINAL) <= off:
        return ""
    limits = f"{NOMINAL - off:.2f} and {min(NOMINAL + off, 1.0):.2f}"
    return f"{COVERAGE} is {coverage:.2f}, not between {limits}"


def choose(machine_id: str, version: int) -> None:
    """Make a version live; call inside a transaction.

    Raises:
        NotFound: The machine has no such version.
    """
    chosen = Predictor.get_or_none(Predictor.machine == machine_id, Predictor.version == version)
    if chosen is None:
        raise NotFound(f"{machine_id} has no predictor version {version}", kind="predictor")
    Predictor.update(live=False).where(Predictor.machine == machine_id, Predictor.live).execute()
    Predictor.update(live=True, note="chosen by hand").where(Predictor.id == chosen.id).execute()
