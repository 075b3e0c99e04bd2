"""A plant with one machine type: its predictor, its readings, and its jobs run in this process."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.runtime.execution.outcomes import write_outcome
from actors.runtime.stage_process import Finished
from actors.stage import STAGES, Job
from events.bus import new_event, request
from events.telemetry import Taken, take_in
from events.vocabulary import PredictorRequested, read_event
from GAN.profiles.profile import MachineProfile
from GAN.progress import silent
from GAN.telemetry.batch import SentBatch, SentRow
from storage.artifacts.registry import of_machine
from storage.artifacts.store import open_store, staging_prefix
from storage.database import clock_ms, execute, reading
from storage.ledger import leases
from storage.ledger.claims import Claim
from storage.ledger.event_log import Dispatch
from storage.ledger.predictor_registry import PredictorFacts
from storage.queries import jobs as job_queries
from storage.settings import Settings
from storage.status import JobStatus
from tests.integration.conftest import add_machine, profile_of, record
from tests.integration.serving import claimed

if TYPE_CHECKING:
    import pandas as pd

HOUR = 3_600_000

#: One sensor that wears, and one that is steady.
SENSORS = [
    {
        "name": "vibration",
        "unit": "mm/s",
        "normal": {"min": 1, "max": 2},
        "failure": 7,
        "direction": "rising",
        "noise": 0.05,
    },
    {
        "name": "temperature",
        "unit": "degC",
        "normal": {"min": 40, "max": 50},
        "direction": "steady",
        "noise": 0.5,
    },
]


def press(machine_id: str = "press_1") -> MachineProfile:
    return profile_of(machine_id, sensors=SENSORS)


@cache
def lives(first_seed: int = 900) -> pd.DataFrame:
    """Simulated lives that the predictor has not seen."""
    from GAN.prognosis.training_lives import simulated_lives

    return simulated_lives(press(), 4, first_seed)


@cache
def predictor_bytes(machine_id: str, units: int = 12) -> bytes:
    """The file of a small predictor."""
    import tempfile

    from GAN.datasets.run_to_failure import time_step_of
    from GAN.prognosis import predictor_file
    from GAN.prognosis.predictor import Predictor
    from GAN.prognosis.training_lives import simulated_lives

    profile = press(machine_id)
    known = simulated_lives(profile, units, 1)
    predictor = Predictor.fit(profile, known, time_step_of(known))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "p.zip")
        predictor_file.save(predictor, path)
        return path.read_bytes()


@dataclass
class Plant:
    """A plant on an open ledger.

    Attributes:
        now: The time of its first reading, ms since 1970: 1,000 hours ago.
    """

    settings: Settings

    def __post_init__(self) -> None:
        self.store = open_store(self.settings.artifact_root, self.settings.home)
        self.now = clock_ms() - 1_000 * HOUR
        self.sent: list[Dispatch] = []

    def add_machine(self, machine_id: str = "press_1") -> None:
        add_machine(machine_id, sensors=SENSORS)

    def train(
        self,
        version: int = 1,
        machine_id: str = "press_1",
        units: int = 12,
        spoil: Callable[[bytes], bytes] = bytes,
    ) -> None:
        """Put a real predictor into the ledger and the store, as its stage does.

        Args:
            spoil: What happens to the bytes of its file.
        """
        jobs = request(PredictorRequested(machine_id=machine_id), self.sent.extend, "cli").jobs
        claim = claimed(jobs[0].job_id)
        key = f"GAN/models/predictors/{machine_id}/{machine_id}_predictor_v{version}.zip"
        prefix = staging_prefix(machine_id, claim.job_id, claim.token)
        path = self.store.workspace(prefix) / key
        path.parent.mkdir(parents=True)
        path.write_bytes(spoil(predictor_bytes(machine_id, units)))
        payload = {
            "predictor_key": key,
            "version": version,
            "learnt_from": "simulated lives",
            "units": units,
            "scores": {},
            "training_time_seconds": 1.0,
        }
        trained = record("PredictorTrained", machine_id, payload)
        keeps = STAGES[claim.stage].keeps
        assert keeps is not None
        from GAN.prognosis import lifetime_prior, predictor_file
        from GAN.prognosis.tracking import condition_basis

        predictor = predictor_file.load(path)
        basis = condition_basis(predictor)
        prior = lifetime_prior.predictions(predictor.profile, None, predictor.lives)[0].as_json()
        artifacts = self.store.stage(path.parents[4], prefix)
        leases.complete(
            claim, trained, artifacts, lambda: keeps(claim, PredictorFacts(basis, prior))
        )

    def send(
        self, rows: Sequence[SentRow], machine_id: str | None = "press_1", **more: Any
    ) -> Taken:
        batch = SentBatch(list(rows), more.pop("units", {}))
        return take_in(batch, self.sent.extend, actor="test", machine_id=machine_id, **more)

    def reading(self, hour: float, unit: str = "1", **values: object) -> SentRow:
        """A row at an hour after the plant's first one."""
        figures = values or {"vibration": 1.5, "temperature": 45.0}
        return SentRow(f"hour {hour:g}", None, unit, self.now + round(hour * HOUR), figures)

    def life(self, unit: str = "1", number: int = 1) -> list[SentRow]:
        """A simulated life as readings."""
        frame = lives()
        own = frame[frame["unit_id"] == number]
        columns = zip(own["cycle_hour"], own["vibration"], own["temperature"], strict=True)
        return [self.reading(h, unit, vibration=v, temperature=t) for h, v, t in columns]

    def open_jobs(self, machine_id: str = "press_1") -> list[int]:
        found = job_queries.jobs(status=JobStatus.PENDING, machine_id=machine_id)
        return [job.id for job in reversed(found)]

    def work(self, machine_id: str = "press_1") -> int:
        """Run what waits until nothing does; how many jobs that were."""
        count = 0
        while waiting := self.open_jobs(machine_id):
            for job_id in waiting:
                self.run(claimed(job_id))
                count += 1
        return count

    def run(self, claim: Claim) -> None:
        """Run a claimed job as its worker and its process do."""
        finished = self.finished(claim)
        write_outcome(claim, finished, STAGES[claim.stage])

    def finished(self, claim: Claim) -> Finished:
        stage = STAGES[claim.stage]
        prefix = staging_prefix(claim.machine_id, claim.job_id, claim.token)
        workspace = self.store.workspace(prefix)
        job = Job(
            id=claim.job_id,
            machine_id=claim.machine_id,
            profile=MachineProfile.model_validate_json(claim.profile),
            workspace=workspace,
            store=self.store,
            files=of_machine(claim.machine_id),
            progress=silent,
            taken=stage.takes(claim) if stage.takes else None,
        )
        event = stage.function(read_event(claim.event_type, claim.machine_id, claim.payload), job)
        artifacts = self.store.stage(workspace, prefix)
        assert new_event(event, claim.correlation_id)
        return Finished(event, artifacts, True, job.kept)

    def unit(self, unit: str = "1", machine_id: str = "press_1") -> dict[str, Any]:
        """The row of a unit."""
        names = ("life", "began_at", "seen_at", "condition_at", "level", "rul_hours", "condition")
        with reading():
            ((*cells,),) = execute(
                f"SELECT {', '.join(names)} FROM units WHERE machine_id = :m AND unit = :u",
                m=machine_id,
                u=unit,
            )
        values = [bytes(c) if isinstance(c, memoryview) else c for c in cells]
        return dict(zip(names, values, strict=True))

    def figures(self) -> list[list[float]]:
        """The stored readings of the two sensors, by id."""
        with reading():
            rows = execute("SELECT figures FROM readings ORDER BY id")
        return [list(struct.unpack("<2d", figures)) for (figures,) in rows]

    def count(self, table: str) -> int:
        with reading():
            ((rows,),) = execute(f"SELECT COUNT(*) FROM {table}")
        return int(rows)
