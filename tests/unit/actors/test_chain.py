"""The chain as declared: its events, its wiring, and the decision at its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import actors
from actors.assess import decide
from actors.graph import as_mermaid, as_text
from actors.stage import STAGES, queues
from events.bus import subscriptions
from events.plan import Plan, Samples
from events.vocabulary import (
    EVENT_TYPES,
    MachineCreated,
    MachineOnboarded,
    StageFailed,
    SyntheticDataReady,
    read_event,
)
from GAN.manager import QualityResult
from storage.ledger.model_registry import Verdict

assert actors  # declares the stages

plans = st.builds(
    Plan,
    rows=st.integers(1_000, 100_000),
    epochs=st.integers(1, 1_000),
    seed=st.integers(0, 2**32 - 1),
    samples=st.builds(Samples, train=st.integers(2, 10**6)),
    retraining=st.integers(0, 5),
)


def test_the_types_of_a_stage_are_its_wiring() -> None:
    train = STAGES["train_tvae"]
    assert [event.__name__ for event in train.reacts_to] == [
        "SeedReady",
        "TrainingRequested",
        "RetrainRequested",
    ]
    assert [event.__name__ for event in train.publishes] == ["ModelTrained"]
    assert [s.stage for s in subscriptions("RetrainRequested")] == ["train_tvae"]
    assert [s.chain for s in subscriptions("RetrainRequested")] == ["onboarding"]


def test_trainings_have_queues_of_their_own() -> None:
    assert queues() == ["default", "predictor", "telemetry", "train"]
    assert [s.queue for s in subscriptions("MachineOnboarded")] == ["predictor"]
    assert [s.queue for s in subscriptions("SeedReady")] == ["train"]


def test_the_channels_are_those_that_clients_know() -> None:
    channels = {stage.name: stage.channel for stage in STAGES.values()}
    assert channels["generate_seed"] == "gan:seed"
    assert channels["import_seed"] == "gan:seed"
    assert channels["train_tvae"] == "gan:training"
    assert channels["generate_synthetic"] == "gan:generation"
    assert channels["train_predictor"] == "gan:predictor"


def test_the_graph_runs_from_the_first_event_to_the_last() -> None:
    lines = as_text().splitlines()
    assert "MachineCreated ─► generate_seed ─► SeedReady" in lines
    assert "RunDataSubmitted ─► import_seed ─► SeedReady" in lines
    assert "SyntheticDataReady ─► assess_quality ─► MachineOnboarded" in lines
    assert "MachineOnboarded ─► train_predictor ─► PredictorTrained" in lines
    assert as_mermaid().startswith("flowchart LR\n")
    assert "    MachineCreated([MachineCreated]) --> generate_seed[generate_seed]\n" in as_mermaid()


def test_every_event_that_a_stage_publishes_or_reacts_to_is_in_the_vocabulary() -> None:
    for stage in STAGES.values():
        assert {*stage.reacts_to, *stage.publishes} <= set(EVENT_TYPES.values())


@given(plans)
def test_an_event_survives_the_ledger_and_hands_its_plan_on(plan: Plan) -> None:
    event = MachineCreated(machine_id="pump_1", **plan.plan())
    assert read_event("MachineCreated", "pump_1", event.payload()) == event
    following = SyntheticDataReady(machine_id="pump_1", **event.plan())
    assert following.plan() == plan.plan()


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"epochs": 1001}, {"rows": 999}, {"epoch": 3}])
def test_a_plan_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        MachineCreated(machine_id="pump_1", **wrong)


def quality(passed: bool) -> QualityResult:
    return QualityResult(
        report_path=Path("r.json"),
        page_path=Path("r.html"),
        quality_score=0.8 if passed else 0.6,
        passed=passed,
        reasons=() if passed else ("rows C2ST AUC: 0.93 is above 0.8",),
    )


@given(plans)
def test_a_good_set_ends_the_chain(plan: Plan) -> None:
    event = SyntheticDataReady(machine_id="pump_1", **plan.plan())
    decision = decide(event, "m.pkl", 7, quality(passed=True))
    assert isinstance(decision, MachineOnboarded)
    verdict = decision.verdict()
    assert verdict is not None
    assert (verdict.quality_score, verdict.accepted) == (0.8, True)
    assert "quality_score" not in decision.payload()


def test_a_verdict_of_an_earlier_version_is_read_with_its_score() -> None:
    payload = {"quality_score": 0.8, "model_key": "m.pkl"}
    assert read_event("MachineOnboarded", "pump_1", payload).verdict() == Verdict(
        "m.pkl", 0.8, True
    )


@given(plans)
def test_a_poor_set_fails_with_the_reason(plan: Plan) -> None:
    event = SyntheticDataReady(machine_id="pump_1", **plan.plan())
    decision = decide(event, "m.pkl", 7, quality(passed=False))
    assert isinstance(decision, StageFailed)
    assert decision.job_id == 7
    assert decision.reason == "not good enough: rows C2ST AUC: 0.93 is above 0.8"
