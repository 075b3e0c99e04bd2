"""Versions of predictors: which one is live, who may change that, and what users see of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

import actors
from cli import fleetforge
from errors import NotFound
from events.bus import new_event
from events.vocabulary import PredictorRequested
from storage.artifacts.staging import StagedArtifact
from storage.artifacts.store import open_store
from storage.database import database, execute, transaction
from storage.ledger import leases, predictor_registry
from storage.ledger.event_log import publish
from storage.operations import batches, retention
from storage.queries import events, jobs, machines, predictors
from storage.settings import PREFIX, Settings
from storage.status import PREDICTOR_CHAIN, ChainStatus
from tests.integration.collecting import collect
from tests.integration.conftest import add_machine, record
from tests.integration.serving import Http, claimed

assert actors  # declares the stages

GOOD = {"pinball_loss_hours": 10.0, "late_mae_hours": 8.0, "coverage_90": 0.9}


def trained(version: int, machine_id: str = "pump_1", against: str = "", **scores: float) -> int:
    """A job that trained a version with these scores; its id."""
    asked = PredictorRequested(machine_id=machine_id)
    (job,) = publish(new_event(asked, "c" * 32, actor="cli")).jobs
    key = f"GAN/{machine_id}_v{version}.zip"
    payload = {
        "predictor_key": key,
        "version": version,
        "learnt_from": "simulated lives",
        "units": 30,
        "scores": GOOD | scores,
        "training_time_seconds": 2.5,
        "against": against,
    }
    claim = claimed(job.job_id)
    file = StagedArtifact(key, f".staged/{claim.job_id}.1/{key}", f"{version}" * 64, 9)
    leases.complete(claim, record("PredictorTrained", machine_id, payload), [file])
    return job.job_id


def live(machine_id: str = "pump_1") -> list[int]:
    return [row.version for row in predictors.predictors(machine_id) if row.live]


@pytest.mark.usefixtures("ledger")
class TestLive:
    def test_the_first_version_is_live_whatever_its_scores(self) -> None:
        add_machine()
        job_id = trained(1, coverage_90=0.5)
        (row,) = predictors.predictors("pump_1")
        assert (row.live, row.job_id, row.sha256, row.units) == (True, job_id, "1" * 64, 30)
        assert row.scores == GOOD | {"coverage_90": 0.5}

    def test_a_version_that_nothing_speaks_against_replaces_the_live_one(self) -> None:
        add_machine()
        trained(1)
        trained(2)
        assert live() == [2]

    @pytest.mark.parametrize(
        ("worse", "note"),
        [
            ({"against": "pinball_loss_hours is 12"}, "pinball_loss_hours is 12"),
            ({"coverage_90": 0.8}, "coverage_90 is 0.80, not between 0.82 and 0.98"),
            ({"coverage_90": 1.0}, "coverage_90 is 1.00, not between 0.82 and 0.98"),
            ({"coverage_90": 0.5, "units": 4}, "coverage_90 is 0.50, not between 0.60 and 1.00"),
        ],
    )
    def test_a_worse_version_does_not_and_says_which_metric(
        self, worse: dict[str, Any], note: str
    ) -> None:
        add_machine()
        trained(1)
        trained(2, **worse)
        assert live() == [1]
        assert predictors.predictor("pump_1", 2).note == note

    def test_two_trainings_of_one_version_leave_the_later_file(self) -> None:
        add_machine()
        trained(1)
        later = trained(1)
        (row,) = predictors.predictors("pump_1")
        assert (row.job_id, row.live) == (later, True)

    def test_a_version_is_chosen_by_hand(self) -> None:
        add_machine()
        trained(1)
        trained(2)
        with transaction():
            predictor_registry.choose("pump_1", 1)
        assert live() == [1]
        assert predictors.predictor("pump_1").note == "chosen by hand"

    def test_a_version_that_does_not_exist_cannot_be_chosen(self) -> None:
        add_machine()
        trained(1)
        with pytest.raises(NotFound, match="pump_1 has no predictor version 7"), transaction():
            predictor_registry.choose("pump_1", 7)
        assert live() == [1]

    def test_machines_do_not_affect_each_other(self) -> None:
        add_machine()
        add_machine("pump_2")
        trained(1)
        trained(1, "pump_2")
        trained(2, "pump_2")
        assert (live(), live("pump_2")) == ([1], [2])
        assert [(row.machine_id, row.version) for row in predictors.predictors()] == [
            ("pump_1", 1),
            ("pump_2", 2),
        ]

    def test_training_is_a_chain_of_its_own(self) -> None:
        add_machine()
        trained(1)
        (chain,) = machines.chains("pump_1")
        assert (chain.chain, chain.status) == (PREDICTOR_CHAIN, ChainStatus.COMPLETE)
        assert machines.machine("pump_1").status == "created"

    def test_gc_keeps_the_newest_versions_and_the_live_one(self) -> None:
        add_machine()
        for version in (1, 2, 3, 4):
            trained(version, against="" if version == 1 else "worse")
        old = retention.outdated(keep_models=2).models
        assert [(one.kind, one.version, len(one.files)) for one in old] == [("predictor", 2, 1)]

    def test_predictions_of_a_version_that_gc_removes_stay(
        self, ledger: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batches, "ROWS", 2)
        add_machine()
        for version in (1, 2, 3):
            trained(version)
        with transaction():
            by_version = dict(execute("SELECT version, id FROM predictors"))
            ((unit,),) = execute(_A_UNIT)
            for at in range(6):
                predictor = by_version[1 if at < 5 else 3]
                execute(_A_PREDICTION, unit=unit, predictor=predictor, at=at)
        collect(open_store(ledger.artifact_root, ledger.home))
        assert {row.version for row in predictors.predictors("pump_1")} == {2, 3}
        with transaction():
            left = execute("SELECT predictor_id FROM predictions ORDER BY predicted_at")
        assert [predictor for (predictor,) in left] == [None] * 5 + [by_version[3]]


_A_UNIT = """
INSERT INTO units (machine_id, unit, life, began_at, seen_at, condition_at, level, created_at)
VALUES ('pump_1', '1', 1, 0, 0, 0, 'healthy', 0) RETURNING id
"""

_A_PREDICTION = """
INSERT INTO predictions (machine_id, unit_id, life, predictor_id, level, predicted_at, created_at)
VALUES ('pump_1', :unit, 1, :predictor, 'healthy', :at, {now})
"""


def fleetforge_json(settings: Settings, *arguments: str) -> Any:
    database.close()
    environment = {f"{PREFIX}HOME": str(settings.home)}
    if settings.database_url is not None:
        environment[f"{PREFIX}DATABASE_URL"] = settings.database_url.get_secret_value()
    done = CliRunner(env=environment).invoke(
        fleetforge, ["predictors", *arguments, "--json"], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_command_lists_shows_and_chooses_versions(ledger: Settings) -> None:
    add_machine()
    trained(1)
    trained(2)
    listed = fleetforge_json(ledger, "list", "pump_1")
    assert [(row["version"], row["live"]) for row in listed] == [(2, True), (1, False)]
    fleetforge_json(ledger, "use", "pump_1", "1")
    shown = fleetforge_json(ledger, "show", "pump_1")
    assert (shown["version"], shown["scores"], shown["learnt_from"]) == (1, GOOD, "simulated lives")
    assert events.events(machine_id="pump_1")[-1].type == "PredictorChosen"
    assert machines.chains("pump_1")[0].status is ChainStatus.COMPLETE


def test_the_command_requests_a_training(ledger: Settings) -> None:
    add_machine()
    (answer,) = fleetforge_json(ledger, "train", "pump_1", "--seed", "3")
    job = jobs.job(answer["job"])
    assert (job.stage, job.chain, job.queue) == ("train_predictor", PREDICTOR_CHAIN, "predictor")
    assert events.events(machine_id="pump_1")[-1].payload == {"seed": 3}


def test_versions_are_read_over_http(http: Http) -> None:
    http.create(start=False)
    trained(1)
    trained(2, against="late_mae_hours is 9; the live version has 8", late_mae_hours=9.0)
    address = "/api/gan/machines/pump_1/predictors"
    items = http.get(address).json()["items"]
    assert [(item["version"], item["live"]) for item in items] == [(2, False), (1, True)]
    one = http.get(f"{address}/2").json()
    assert (one["note"], one["scores"]["late_mae_hours"]) == (
        "late_mae_hours is 9; the live version has 8",
        9.0,
    )
    missing = http.get(f"{address}/3")
    assert (missing.status_code, f"see GET {address}" in missing.json()["detail"]) == (404, True)
