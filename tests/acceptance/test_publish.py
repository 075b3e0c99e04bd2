"""`fleetforge publish`: requests by hand, and facts that are none."""

from __future__ import annotations

import apsw

from tests.acceptance.conftest import User


def test_a_request_published_by_hand_starts_the_stage_that_reacts_to_it(user: User) -> None:
    user.run("onboard", "pump_ksb_etanorm_006", "--rows", "2000", "--seed", "5")
    data = '{"epochs": 7}'
    published = user.json(
        "publish", "TrainingRequested", "--machine", "pump_ksb_etanorm_006", "--data", data
    )
    assert len(published["jobs"]) == 1
    created, event = user.json("events")
    payload = event["payload"]
    assert (payload["epochs"], payload["rows"], payload["seed"]) == (7, 2000, 5)
    assert (event["actor"], event["job_id"], event["effect"]) == ("cli", None, "begins")
    assert created["actor"] == "cli"
    for wrong in ("{", "[]", '{"epochs": 0}', '{"epoch": 7}'):
        command = ("publish", "TrainingRequested", "--machine", "pump_ksb_etanorm_006")
        user.run(*command, "--data", wrong, exit_code=2)
    assert len(user.json("events")) == 2


def test_a_fact_that_could_be_published_in_0_1_publishes_the_request_that_does_the_same(
    user: User,
) -> None:
    user.run("onboard", "pump_ksb_etanorm_006")
    for fact, request_type, stage in (
        ("MachineCreated", "SeedRequested", "generate_seed"),
        ("SeedReady", "TrainingRequested", "train_tvae"),
        ("RetrainRequested", "TrainingRequested", "train_tvae"),
        ("ModelTrained", "GenerationRequested", "generate_synthetic"),
    ):
        said = user.run("publish", fact, "--machine", "pump_ksb_etanorm_006").stdout
        assert f"{fact} reports a fact; {request_type} is the request that does the same" in said
        assert user.json("events")[-1]["type"] == request_type
        assert user.json("jobs")[0]["stage"] == stage


def test_other_facts_cannot_be_published_and_the_error_names_the_request(user: User) -> None:
    user.run("onboard", "pump_ksb_etanorm_006")
    for fact, advice in (
        ("SyntheticDataReady", "publish GenerationRequested"),
        ("MachineOnboarded", "publish AssessmentRequested"),
        ("RunDataSubmitted", "fleetforge seed import"),
        ("StageFailed", "publish one of SeedRequested, "),
        ("StageOverdue", "publish one of SeedRequested, "),
    ):
        command = ("publish", fact, "--machine", "pump_ksb_etanorm_006")
        refused = user.run(*command, exit_code=2).stderr
        assert f"{fact} is a fact that Fleetforge records" in refused
        assert advice in refused
    assert len(user.json("events")) == 1


def test_an_assessment_by_hand_is_of_the_model_that_made_the_newest_sets(user: User) -> None:
    user.run("onboard", "pump_ksb_etanorm_006")
    ledger = apsw.Connection(str(user.home / "ledger.sqlite3"))
    ledger.execute(
        "INSERT INTO events (type, machine_id, correlation_id, payload, occurred_at) "
        "SELECT 'SyntheticDataReady', machine_id, correlation_id, :payload, occurred_at "
        "FROM events",
        {"payload": '{"model_key": "GAN/models/first.pkl"}'},
    )
    ledger.close()
    user.run("publish", "AssessmentRequested", "--machine", "pump_ksb_etanorm_006")
    assert user.json("events")[-1]["payload"]["model_key"] == "GAN/models/first.pkl"
