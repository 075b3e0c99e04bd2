"""A ledger of version 0.1 is brought up to date, and its machines are shown as before."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.manual import last_plan
from events.vocabulary import read_event
from storage.artifacts import registry
from storage.artifacts.store import open_store
from storage.database import database, open_database
from storage.ledger import chain_status
from storage.queries import events, lineage, machines
from storage.schema import upgrade
from storage.settings import Settings
from storage.tables import ChainStatus

ARCHIVE = Path(__file__).parents[2] / "fixtures" / "home-0.1.tar.xz"
#: Onboarded, then generated again by hand.
PUMP = "pump_grundfos_cr3_004"
#: Cancelled before its first stage.
FAN = "fan_ebm_papst_a3g710_007"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    settings = Settings(home=tmp_path)
    open_database(settings)
    assert upgrade() == [
        "0006_chains",
        "0007_predictors",
        "0008_telemetry",
        "0009_alert_delivery",
        "0010_sessions",
        "0011_repairs",
        "0012_explanations",
        "0013_acts",
        "0014_created",
        "0015_growth",
    ]
    yield settings
    database.close()


@pytest.mark.usefixtures("home")
def test_the_machines_have_the_statuses_that_they_had() -> None:
    assert {one.machine_id: one.status.value for one in machines.machines()} == {
        FAN: "cancelled",
        PUMP: "onboarded",
    }
    assert machines.machine(PUMP).stage == "assess_quality"
    assert last_plan(PUMP)["samples"] == {"train": 320, "val": 60, "test": 60}


@pytest.mark.usefixtures("home")
def test_events_name_the_job_that_published_them() -> None:
    jobs = {(one.id, one.type): (one.job_id, one.actor, one.effect) for one in events.events()}
    assert jobs == {
        (1, "MachineCreated"): (None, None, "begins"),
        (2, "SeedReady"): (1, "system", "continues"),
        (3, "ModelTrained"): (2, "system", "continues"),
        (4, "SyntheticDataReady"): (3, "system", "continues"),
        (5, "MachineOnboarded"): (4, "system", "ends"),
        (6, "MachineCreated"): (None, None, "begins"),
        (7, "ModelTrained"): (None, None, "begins"),
        (8, "SyntheticDataReady"): (6, "system", "continues"),
        (9, "MachineOnboarded"): (7, "system", "ends"),
    }
    for event in events.events():
        assert read_event(event.type, event.machine_id, event.payload).type == event.type
    assert [step.stage for step in lineage.steps(PUMP)] == ["generate_synthetic", "assess_quality"]


@pytest.mark.usefixtures("home")
def test_the_stored_statuses_are_those_that_would_be_stored_now() -> None:
    def stored() -> list[tuple[object, ...]]:
        return sorted(ChainStatus.select().tuples())

    before = stored()
    assert len(before) == 2
    for machine_id in (PUMP, FAN):
        chain_status.update(machine_id, chain_status.ONBOARDING)
    assert stored() == before


def test_its_files_are_still_those_of_the_ledger(home: Settings) -> None:
    store = open_store(home.artifact_root, home.home)
    files = registry.of_machine(PUMP)
    model = lineage.newest_model(PUMP)
    assert model is not None
    assert store.fetch(files[model.key].staged_key, model.sha256).exists()
