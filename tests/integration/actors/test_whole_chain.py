"""`onboard --wait` shows one number for a machine's whole way, and estimates that can be kept."""

from __future__ import annotations

import pytest

import actors
from commands.machines.follow import Progress
from commands.machines.progress_view import Row
from commands.machines.whole_chain import FEWEST_RUNS, TimeLeft
from events.bus import new_event, request
from events.vocabulary import (
    Event,
    MachineCreated,
    MachineOnboarded,
    ModelTrained,
    PredictorTrained,
    RetrainRequested,
    SeedReady,
    SyntheticDataReady,
)
from storage import database
from storage.ledger import leases
from storage.ledger.claims import Claim
from storage.queries import jobs, machines
from storage.settings import Settings
from tests.integration.conftest import add_event, add_machine
from tests.integration.storage.aging import claimed, ended, put_back

assert actors  # declares the stages, so that events have subscribers

pytestmark = pytest.mark.usefixtures("ledger")

SEED = SeedReady(machine_id="pump_1")
MODEL = ModelTrained(
    machine_id="pump_1", model_key="m", final_loss=1.0, training_time_seconds=1.0, num_features=4
)
DATA = SyntheticDataReady(machine_id="pump_1", model_key="m")
AGAIN = RetrainRequested(machine_id="pump_1", quality_score=0.1, model_key="m")
DONE = MachineOnboarded(machine_id="pump_1", quality_score=0.9, model_key="m")
PREDICTOR = PredictorTrained(
    machine_id="pump_1",
    predictor_key="p",
    version=1,
    learnt_from="simulated lives",
    units=3,
    scores={},
    training_time_seconds=1.0,
)


def begin(machine_id: str = "pump_1") -> None:
    add_machine(machine_id)
    request(MachineCreated(machine_id=machine_id), lambda _: None, "test")


def taken() -> Claim:
    """The newest job, running."""
    return claimed(jobs.jobs(machine_id="pump_1")[0].id)


def end(claim: Claim, event: Event) -> None:
    leases.complete(claim, new_event(event, claim.correlation_id), [])


def shown(progress: Progress, *machine_ids: str) -> list[Row]:
    asked = machine_ids or ("pump_1",)
    states = {name: machines.machine(name) for name in asked}
    following = {job.machine_id: job for job in jobs.open_jobs(asked)}
    return list(progress.rows(states, following, database.clock_ms()))


def known(stage: str, *seconds: float) -> None:
    """Earlier runs of a stage."""
    for took in seconds:
        (job,) = add_event(machine_id="pump_0", stages=[stage]).jobs
        leases.complete(claimed(job.job_id), ended("MachineOnboarded", "pump_0"), [])
        put_back(job.job_id, started_at=-3600 - took, completed_at=-3600)


def test_one_bar_reaches_its_end_with_the_predictor_and_never_falls() -> None:
    begin()
    progress = Progress()
    rows = shown(progress)
    assert [(row.machine_id, row.stage, row.progress) for row in rows] == [
        ("pump_1", "generate_seed", 0)
    ]
    events = (SEED, MODEL, DATA, AGAIN, MODEL.model_copy(), DATA.model_copy(), DONE, PREDICTOR)
    for event in events:
        claim = taken()
        leases.report_progress(claim, 60, "more than half")
        rows += shown(progress)
        assert rows[-1].message == "more than half"
        end(claim, event)
        rows += shown(progress)
    reached = [row.progress for row in rows]
    assert reached == sorted(reached)
    assert next(row.progress for row in rows if row.stage == "train_predictor") < 100
    assert (rows[-1].status, rows[-1].stage, rows[-1].progress) == ("onboarded", "", 100)
    assert len(set(reached)) > len(events)


def test_a_try_that_begins_anew_does_not_take_the_bar_back() -> None:
    begin()
    progress, claim = Progress(), taken()
    leases.report_progress(claim, 80, "nearly")
    (before,) = shown(progress)
    leases.fail(claim, "boom", ended("StageFailed", stage="x", reason="boom"), retryable=True)
    (after,) = shown(progress)
    assert (after.status, after.message) == ("pending", "boom")
    assert after.progress == before.progress > 0


class TestTimeLeft:
    """An estimate is a range that can be kept, or there is none."""

    @pytest.fixture(autouse=True)
    def _at_the_assessment(self, ledger: Settings) -> None:  # noqa: ARG002  # before all else
        add_machine("pump_0")
        begin()
        for event in (SEED, MODEL, DATA):
            end(taken(), event)

    def test_it_is_a_range_of_what_all_that_is_left_has_taken(self) -> None:
        known("assess_quality", 10, 20, 30)
        known("train_predictor", 100, 100, 140)
        taken()
        (row,) = shown(Progress())
        assert row.left == "1 min 50 s to 2 min 50 s left"

    def test_there_is_none_until_earlier_runs_of_every_stage_are_known(self) -> None:
        known("assess_quality", 10, 20, 30)
        known("train_predictor", *[100] * (FEWEST_RUNS - 1))
        taken()
        (row,) = shown(Progress())
        assert row.left == ""
        known("train_predictor", 100)
        (row,) = shown(Progress())
        assert row.left

    def test_there_is_none_for_a_stage_that_takes_longer_than_ever(self) -> None:
        known("assess_quality", 10, 20, 30)
        known("train_predictor", 100, 100, 140)
        claim = taken()
        put_back(claim.job_id, started_at=-31)
        (row,) = shown(Progress())
        assert row.left == ""

    def test_there_is_none_for_several_machines_which_wait_for_each_other(self) -> None:
        known("assess_quality", 10, 20, 30)
        known("train_predictor", 100, 100, 140)
        begin("pump_2")
        taken()
        assert [row.left for row in shown(Progress(), "pump_1", "pump_2")] == ["", ""]

    def test_one_that_has_grown_is_hidden_until_a_quarter_of_the_time_has_passed(self) -> None:
        known("assess_quality", 10, 20, 400)
        known("train_predictor", 100, 100, 140)
        claim, estimates, now = taken(), TimeLeft(), database.clock_ms()
        began_at = now - 400_000
        put_back(claim.job_id, started_at=-390)
        nearly_done = estimates.of(jobs.job(claim.job_id), began_at, now)
        assert nearly_done == pytest.approx((100, 150), abs=1)
        leases.fail(claim, "boom", ended("StageFailed", stage="x", reason="boom"), retryable=True)
        anew = jobs.job(taken().job_id)
        assert estimates.of(anew, began_at, now + 1_000) is None
        much_later = estimates.of(anew, began_at, now + 150_000)
        assert much_later == pytest.approx((100, 390), abs=1)
