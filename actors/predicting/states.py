"""From the readings of units to their new states. It needs no ledger, and any process can do it."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from storage.status import UnitLevel
from storage.telemetry.repairs import PastRepair
from storage.telemetry.unit_state import KeptPrediction, NewState
from storage.telemetry.waiting import WaitingUnit

if TYPE_CHECKING:
    from GAN.prognosis.prediction import Prediction
    from GAN.prognosis.predictor import Predictor
    from GAN.prognosis.readings import Readings
    from GAN.prognosis.tracking import TrackedUnit, UnitAnswer

#: Unit id, time (ms) and figures of a reading.
Row = tuple[int, int, bytes]

_MS_PER_HOUR = 3_600_000

#: Predictors that a process keeps in memory, of a few MB each.
_MOST_LOADED = 40


@dataclass(frozen=True)
class Batch:
    """New readings of units of one machine type.

    Attributes:
        path: The predictor's file.
        thresholds: JSON.
        rows: The new rows of the units, and perhaps of others.
        newest: Time of each unit's newest row, or of the one that its condition includes.
        repairs: Repairs that the conditions do not include, the oldest first.
        kept_every_ms: How often a prediction is kept if the level of its unit stays, ms.
    """

    path: Path
    thresholds: str
    rows: list[Row]
    newest: dict[int, int]
    repairs: list[PastRepair]
    kept_every_ms: float

    def states(self, units: Sequence[WaitingUnit]) -> list[NewState]:
        """The states of some of the units after their new readings."""
        from GAN.config.thresholds import Thresholds
        from GAN.prognosis.tracking import condition_basis, track

        predictor = load(self.path)
        ids = {unit.id for unit in units}
        rows = [row for row in self.rows if row[0] in ids]
        readings = _readings(rows, units, len(predictor.sensors.names))
        repairs: dict[int, list[PastRepair]] = defaultdict(list)
        for each in self.repairs:
            repairs[each.unit_id].append(each)
        tracked = [self._tracked(unit, repairs[unit.id]) for unit in units]
        thresholds = Thresholds.model_validate_json(self.thresholds)
        answers = track(predictor, tracked, readings, thresholds)
        basis = condition_basis(predictor)
        return [
            _state(unit, answer, self.newest[unit.id], basis, predictor)
            for unit, answer in zip(units, answers, strict=True)
        ]

    def _tracked(self, unit: WaitingUnit, repairs: Sequence[PastRepair]) -> TrackedUnit:
        from GAN.prognosis.levels import LEVELS, LevelState
        from GAN.prognosis.tracking import Repaired, TrackedUnit

        level = LEVELS.index(unit.level) if unit.level in LEVELS else 0
        state = LevelState(level, unit.calm_since, unit.cause)
        passed = math.inf if unit.kept_at is None else self.newest[unit.id] - unit.kept_at
        repaired = [
            Repaired((each.at - unit.began_at) / _MS_PER_HOUR, each.sensors) for each in repairs
        ]
        due = passed >= self.kept_every_ms
        return TrackedUnit(unit.unit, unit.condition, state, due, repaired)


def _state(
    unit: WaitingUnit, answer: UnitAnswer, condition_at: int, basis: str, predictor: Predictor
) -> NewState:
    return NewState(
        unit_id=unit.id,
        unit=unit.unit,
        life=unit.life,
        condition_was=unit.condition_at,
        basis_was=unit.basis,
        condition_at=condition_at,
        condition=answer.condition,
        condition_basis=basis,
        latest=answer.prediction.forecast_text(),
        rul_hours=answer.prediction.rul_hours,
        kept=_kept(answer.prediction) if answer.explained else None,
        level=_level(answer.level.level, predictor),
        level_was=UnitLevel(unit.level),
        calm_since=answer.level.calm_since,
        cause=answer.level.cause,
    )


def _kept(said: Prediction) -> KeptPrediction:
    modes = {mode: p for mode, p in said.probabilities.items() if mode != "healthy"}
    mode = max(modes, key=modes.__getitem__)
    return KeptPrediction(
        failure_class=mode,
        probability=modes[mode],
        probability_24h=said.probability_24h,
        probabilities=json.dumps(said.probabilities),
        rul_hours=said.rul_hours,
        rul_low_hours=said.rul_low_hours,
        rul_high_hours=said.rul_high_hours,
        anomaly_score=said.novelty,
        anomaly_limit=said.novelty_limit,
        strangeness=said.strangeness,
        health=said.health,
        explanation=said.explanation_text(),
        sentence=said.sentence,
    )


def works(path: Path) -> bool:
    """Whether a predictor can predict a unit with ordinary readings."""
    import numpy

    from GAN.config.thresholds import Thresholds
    from GAN.prognosis.levels import LevelState
    from GAN.prognosis.readings import Readings
    from GAN.prognosis.tracking import TrackedUnit, track

    predictor = load(path)
    sensors = predictor.sensors
    ordinary = ((sensors.low + sensors.high) / 2)[None]
    rows = Readings(("1",), numpy.zeros(1, numpy.intp), numpy.zeros(1), ordinary)
    return bool(track(predictor, [TrackedUnit("1", None, LevelState())], rows, Thresholds()))


@lru_cache(_MOST_LOADED)
def load(path: Path) -> Predictor:
    """A predictor; `Job.input` has checked that the file is the ledger's."""
    from GAN.prognosis import predictor_file

    return predictor_file.load(path)


def _level(level: int, predictor: Predictor) -> UnitLevel:
    from GAN.prognosis.levels import LEVELS

    return UnitLevel.NO_FORECAST if predictor.no_forecast else UnitLevel(LEVELS[level])


def _readings(rows: list[Row], units: Sequence[WaitingUnit], sensors: int) -> Readings:
    import numpy as np

    from GAN.prognosis.readings import Readings

    index = {unit.id: number for number, unit in enumerate(units)}
    began = np.array([unit.began_at for unit in units], dtype=np.float64)
    unit = np.array([index[row[0]] for row in rows], dtype=np.intp)
    at = np.array([row[1] for row in rows], dtype=np.float64)
    values = np.frombuffer(b"".join(row[2] for row in rows), dtype="<f8")
    order = np.lexsort((at, unit))
    return Readings(
        tuple(each.unit for each in units),
        unit[order],
        ((at - began[unit]) / _MS_PER_HOUR)[order],
        values.reshape(-1, sensors)[order],
    )
