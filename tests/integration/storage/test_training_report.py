"""The tables that users' reports read follow the jobs, and are documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from events.bus import replay
from storage.artifacts.staging import StagedArtifact
from storage.database import database
from storage.ledger import leases
from storage.operations import control
from storage.queries import events
from storage.tables import Artifact, ModelVersion, TrainingJob
from tests.integration.conftest import add_event, add_job, failed, record
from tests.integration.storage.test_leases import claimed

DOCUMENT = Path(__file__).parents[3] / "docs" / "architecture.md"

pytestmark = pytest.mark.usefixtures("ledger")


def test_it_has_the_columns_that_are_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    section = re.split(r"\n#+ gan_training_jobs\n", text)[1].split("\n#")[0]
    documented = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert documented == [column.name for column in database.get_columns("gan_training_jobs")]


class TestReports:
    """The tables that users' reports read follow the jobs."""

    MODEL = StagedArtifact("GAN/m.pkl", ".staged/pump_1/1.1/GAN/m.pkl", "b" * 64, 9)

    def trained(self) -> int:
        job_id = add_job(event_type="SeedReady", stages=["train_tvae"], queue="train", epochs=7)
        payload = {
            "model_key": "GAN/m.pkl",
            "epochs": 7,
            "training_time_seconds": 1.5,
            "num_features": 4,
            "final_loss": -2.0,
        }
        fact = record("ModelTrained", "pump_1", payload, "c" * 32)
        leases.complete(claimed(job_id), fact, [self.MODEL])
        return job_id

    def test_a_training_is_reported_from_its_first_second(self) -> None:
        job_id = add_job(event_type="SeedReady", stages=["train_tvae"], epochs=7)
        assert TrainingJob.get().status == "pending"
        claim = claimed(job_id)
        leases.report_progress(claim, 40, "epoch 3 of 7")
        row = TrainingJob.get()
        assert (row.task_id, row.status, row.epochs, row.progress) == (job_id, "running", 7, 40)
        leases.fail(claim, "diverged", failed(), retryable=False)
        assert (TrainingJob.get().status, TrainingJob.get().error_message) == ("failed", "diverged")

    def test_a_cancelled_training_is_reported_as_failed(self) -> None:
        job_id = add_job(event_type="SeedReady", stages=["train_tvae"], epochs=7)
        control.cancel(job_id)
        assert (TrainingJob.get().status, TrainingJob.get().error_message) == (
            "failed",
            "cancelled",
        )

    def test_a_trained_model_becomes_a_version(self) -> None:
        self.trained()
        report, version = TrainingJob.get(), ModelVersion.get()
        assert (report.status, report.model_path, report.training_time_seconds) == (
            "success",
            "GAN/m.pkl",
            1.5,
        )
        assert (version.version, version.sha256, version.status) == (1, "b" * 64, "candidate")

    @pytest.mark.parametrize(
        ("event", "verdict"), [("MachineOnboarded", "accepted"), ("RetrainRequested", "rejected")]
    )
    def test_the_verdict_marks_version_training_and_files(self, event: str, verdict: str) -> None:
        self.trained()
        add_event(event, stages=(), quality_score=0.8, model_key="GAN/m.pkl")
        assert (ModelVersion.get().status, ModelVersion.get().quality_score) == (verdict, 0.8)
        assert TrainingJob.get().quality_score == 0.8
        assert [row.verdict for row in Artifact.select()] == [verdict]

    def test_a_verdict_on_another_model_is_not_this_ones(self) -> None:
        self.trained()
        add_event("MachineOnboarded", stages=(), quality_score=0.8, model_key="GAN/other.pkl")
        assert ModelVersion.get().status == "candidate"

    def test_a_training_published_by_hand_leaves_no_version(self) -> None:
        self.trained()
        add_event("ModelTrained", stages=(), model_key="GAN/m.pkl")
        assert ModelVersion.select().count() == 1

    @pytest.mark.parametrize("event_type", ["ModelTrained", "RetrainRequested"])
    def test_an_event_that_is_replayed_is_not_reported_again(self, event_type: str) -> None:
        self.trained()
        add_event("RetrainRequested", stages=(), quality_score=0.6, model_key="GAN/m.pkl")
        add_event("MachineOnboarded", stages=(), quality_score=0.8, model_key="GAN/m.pkl")

        def reported() -> list[dict[str, object]]:
            first = TrainingJob.select().order_by(TrainingJob.id).limit(1)
            return [*first.dicts(), *ModelVersion.select().dicts(), *Artifact.select().dicts()]

        before = reported()
        (past,) = (event for event in events.events() if event.type == event_type)
        assert replay(past.id, lambda _: None, actor="test").event_id is not None
        assert reported() == before

    def test_other_stages_leave_no_training_report(self) -> None:
        add_job()
        assert TrainingJob.select().count() == 0
