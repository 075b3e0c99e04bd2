"""A machine of the fleet with a predictor in the ledger, and readings of its units."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from actors.runtime.execution.outcomes import write_outcome
from actors.runtime.stage_process import Finished
from actors.stage import STAGES, Job
from events.bus import request
from events.onboarding import new_machine, register
from events.telemetry import take_in
from events.vocabulary import PredictorRequested, PredictorTrained, read_event
from GAN import layout
from GAN.profiles.catalogue import fleet_profile
from GAN.profiles.profile import MachineProfile
from GAN.prognosis import lifetime_prior, predictor_file
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.tracking import condition_basis
from GAN.prognosis.training_lives import simulated_lives
from GAN.progress import silent
from GAN.telemetry.batch import read_batch
from storage.artifacts.registry import of_machine
from storage.artifacts.store import ArtifactStore, open_store, staging_prefix
from storage.ledger import claims
from storage.ledger.claims import Claim
from storage.ledger.event_log import Dispatch
from storage.ledger.predictor_registry import PredictorFacts
from storage.queries import jobs as job_queries
from storage.settings import Settings
from storage.status import JobStatus

MACHINE = "motor_siemens_1la7_001"
_UNITS, _SEED = 20, 1
STEP_HOURS = 0.5


class Site:
    """A ledger with one machine whose predictor is live.

    Args:
        settings: Where it is; it is open.
    """

    def __init__(self, settings: Settings) -> None:
        self.profile = fleet_profile(MACHINE)
        self.store: ArtifactStore = open_store(settings.artifact_root, settings.home)
        self.sent: list[Dispatch] = []
        register([new_machine("benchmark", self.profile)], None, self.sent.extend, actor="bench")
        lives = simulated_lives(self.profile, _UNITS, _SEED)
        self.predictor = Predictor.fit(self.profile, lives, STEP_HOURS)
        self._put()

    def _put(self) -> None:
        """Write the predictor as its stage does."""
        (job,) = request(PredictorRequested(machine_id=MACHINE), self.sent.extend, "bench").jobs
        claim = _claim(job.job_id)
        key = layout.predictor_key(MACHINE, 1)
        prefix = staging_prefix(MACHINE, claim.job_id, claim.token)
        workspace = self.store.workspace(prefix)
        predictor_file.save(self.predictor, workspace / key)
        trained = PredictorTrained(
            machine_id=MACHINE,
            predictor_key=key,
            version=1,
            learnt_from="simulated lives",
            units=_UNITS,
            scores={},
            training_time_seconds=1.0,
        )
        prior = lifetime_prior.predictions(self.profile, None, self.predictor.lives)[0].as_json()
        facts = PredictorFacts(condition_basis(self.predictor), prior)
        artifacts = self.store.stage(workspace, prefix)
        finished = Finished(trained, artifacts, True, [facts])
        write_outcome(claim, finished, STAGES[claim.stage])

    def predict(self) -> None:
        """Run the jobs that wait, in this process, as a worker and its child do."""
        for job in reversed(job_queries.jobs(status=JobStatus.PENDING, machine_id=MACHINE)):
            claim = _claim(job.id)
            stage = STAGES[claim.stage]
            prefix = staging_prefix(MACHINE, claim.job_id, claim.token)
            run = Job(
                id=claim.job_id,
                machine_id=MACHINE,
                profile=self.profile,
                workspace=self.store.workspace(prefix),
                store=self.store,
                files=of_machine(MACHINE),
                progress=silent,
                taken=stage.takes(claim) if stage.takes else None,
            )
            event = stage.function(read_event(claim.event_type, MACHINE, claim.payload), run)
            finished = Finished(event, [], True, run.kept)
            write_outcome(claim, finished, stage)
            self.store.delete_staged(prefix)


def body(profile: MachineProfile, units: int, at: int, seed: int) -> bytes:
    """A reading of each of some units, within the healthy bands, as JSON.

    Args:
        profile: The machine type.
        units: Number of units.
        at: Time of all readings, ms since 1970.
        seed: Random seed.
    """
    draw = np.random.default_rng(seed)
    low = [sensor.normal.min for sensor in profile.sensors]
    high = [sensor.normal.max for sensor in profile.sensors]
    values = draw.uniform(low, high, (units, len(low))).round(4).tolist()
    names = [sensor.name for sensor in profile.sensors]
    rows: list[dict[str, Any]] = [
        {
            "machine": profile.machine_id,
            "unit": f"u{number}",
            "at": at,
            "readings": dict(zip(names, one, strict=True)),
        }
        for number, one in enumerate(values)
    ]
    return json.dumps({"readings": rows}).encode()


def send(fleet: Site, units: int, at: int) -> None:
    """Send a reading of each of some units, without HTTP."""
    sent = body(fleet.profile, units, at, at)
    take_in(read_batch(sent, "application/json"), fleet.sent.extend, actor="bench")


def _claim(job_id: int) -> Claim:
    claim = claims.claim(job_id, "benchmark", 600)
    assert claim is not None
    return claim


def home_bytes(home: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
