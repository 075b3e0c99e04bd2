"""Real run-to-failure data on their way to a seed, on both databases, in a folder and a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from pydantic import SecretStr

import actors
from actors.broker.client import PROGRESS_DB, connect
from actors.runtime.child import start_fork_server
from actors.runtime.runner import Runner
from errors import BrokerUnavailable, InvalidProfile
from events.bus import replay
from events.onboarding import new_machine, register, register_run_data
from events.plan import Plan
from events.vocabulary import RunDataSubmitted
from GAN.datasets.parquet import read_provenance
from GAN.layout import seed_key, unfailed_key
from GAN.simulation.physics import physics_seed
from storage.artifacts.store import ArtifactStore, LocalStore, sha256_of, submission_key
from storage.database import transaction
from storage.ledger.event_log import Dispatch
from storage.operations import control, garbage_collection, staged_garbage
from storage.queries import events, machines
from storage.queries import jobs as job_queries
from storage.queries.jobs import JobRow
from storage.settings import Settings
from storage.tables import Job
from tests.integration.collecting import (
    collect,
    empty_bucket,
    folders,
    job_being_opened,
    submissions,
)
from tests.integration.conftest import profile_of

assert actors  # declares the stages

PUMP = profile_of("pump_1")
SENSORS = {sensor.name: sensor.name for sensor in PUMP.sensors}
ROLES = {name: name for name in ("unit_id", "cycle_hour", "rul_hours", "failure_mode")}


def no_broker(jobs: Sequence[Dispatch]) -> None:
    raise BrokerUnavailable("away")


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, ledger: Settings, tmp_path: Path) -> ArtifactStore:
    if request.param == "folder":
        return LocalStore(tmp_path)
    return empty_bucket(request.getfixturevalue("bucket"), tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "runs.parquet"
    physics_seed(PUMP, rows=1_000).to_parquet(path)
    return path


def submitted(store: ArtifactStore, file: Path, **changes: Any) -> RunDataSubmitted:
    """The event about a file that was put into the store."""
    key = submission_key("pump_1", file.suffix)
    store.submit(file, key)
    fields = {"file_key": key, "file_sha256": sha256_of(file), "roles": ROLES, "sensors": SENSORS}
    return RunDataSubmitted(machine_id="pump_1", **Plan(epochs=7).plan(), **{**fields, **changes})


def taken(store: ArtifactStore, file: Path, **changes: Any) -> RunDataSubmitted:
    """The same, and published."""
    event = submitted(store, file, **changes)
    register_run_data(new_machine("test", PUMP), event, no_broker, actor="test")
    return event


def keys(store: ArtifactStore) -> list[str]:
    return sorted(submission.key for submission in submissions(store))


def end_jobs() -> None:
    for job in job_queries.jobs():
        control.cancel(job.id)


class TestTakingIn:
    def test_a_new_machine_is_created_without_a_simulated_seed(
        self, store: ArtifactStore, file: Path
    ) -> None:
        sent: list[Dispatch] = []
        runs = register_run_data(
            new_machine("test", PUMP), submitted(store, file), sent.extend, actor="test"
        )
        assert (runs.created, runs.delivered) == (True, True)
        assert [event.type for event in events.events()] == ["RunDataSubmitted"]
        (job,) = job_queries.jobs()
        assert (job.stage, job.queue, job.id) == ("import_seed", "default", runs.jobs[0])
        assert [dispatch.job_id for dispatch in sent] == runs.jobs
        assert machines.machine("pump_1").status == "pending"

    def test_a_known_machine_stays_as_it_is(self, store: ArtifactStore, file: Path) -> None:
        register([new_machine("test", PUMP)], Plan(), no_broker, actor="test")
        runs = register_run_data(
            new_machine("test", PUMP), submitted(store, file), no_broker, actor="test"
        )
        assert (runs.created, runs.delivered) == (False, False)
        assert len(machines.machines()) == 1
        types = [event.type for event in events.events()]
        assert types == ["MachineCreated", "RunDataSubmitted"]

    def test_another_profile_under_the_same_id_is_refused(
        self, store: ArtifactStore, file: Path
    ) -> None:
        register(
            [new_machine("test", profile_of("pump_1", model="other"))],
            Plan(),
            no_broker,
            actor="test",
        )
        with pytest.raises(InvalidProfile, match="exists with another profile"):
            register_run_data(
                new_machine("test", PUMP), submitted(store, file), no_broker, actor="test"
            )
        assert len(events.events()) == 1

    def test_the_same_data_again_start_again(self, store: ArtifactStore, file: Path) -> None:
        taken(store, file)
        taken(store, file)
        assert [job.stage for job in job_queries.jobs()] == ["import_seed"] * 2


class TestStore:
    def test_a_submitted_file_comes_back_with_the_same_bytes(
        self, store: ArtifactStore, file: Path
    ) -> None:
        event = submitted(store, file)
        fetched = store.fetch(event.file_key, event.file_sha256)
        assert fetched.read_bytes() == file.read_bytes()
        assert fetched.suffix == ".parquet"
        (submission,) = submissions(store)
        assert (submission.machine_id, submission.key) == ("pump_1", event.file_key)
        assert submission.size == file.stat().st_size
        assert 0 <= store.clock_ms() - submission.stored_at < 60_000
        assert folders(store) == []

    def test_it_goes_with_its_machine(self, store: ArtifactStore, file: Path) -> None:
        submitted(store, file)
        store.delete_staged(".staged/pump_1")
        assert keys(store) == []

    def test_gc_leaves_the_newest_one_for_ever(self, store: ArtifactStore, file: Path) -> None:
        event = taken(store, file)
        end_jobs()
        assert collect(store).submissions == []
        assert keys(store) == [event.file_key]

    def test_gc_removes_one_that_a_newer_one_has_replaced_once_no_job_is_open(
        self, store: ArtifactStore, file: Path
    ) -> None:
        first, second = taken(store, file), taken(store, file)
        assert garbage_collection.find(store).submissions == []
        end_jobs()
        assert [file.key for file in collect(store).submissions] == [first.file_key]
        assert keys(store) == [second.file_key]

    def test_gc_leaves_one_that_was_replayed_since_the_look(
        self, store: ArtifactStore, file: Path
    ) -> None:
        first, _ = taken(store, file), taken(store, file)
        end_jobs()
        found = garbage_collection.find(store)
        replay(events.events()[0].id, no_broker, actor="test")
        assert garbage_collection.remove(store, found).submissions == []
        assert first.file_key in keys(store)

    @pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
    def test_gc_leaves_one_while_a_job_of_its_machine_is_being_opened(
        self, store: ArtifactStore, file: Path
    ) -> None:
        first, _ = taken(store, file), taken(store, file)
        end_jobs()
        found = garbage_collection.find(store)
        with job_being_opened("pump_1"):
            assert garbage_collection.remove(store, found).submissions == []
        assert [file.key for file in collect(store).submissions] == [first.file_key]

    def test_gc_removes_one_of_which_no_event_was_published_but_not_at_once(
        self, store: ArtifactStore, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event = submitted(store, file)
        assert collect(store).submissions == []
        monkeypatch.setattr(staged_garbage, "SUBMITTING_SECONDS", -60.0)
        assert [file.key for file in collect(store).submissions] == [event.file_key]
        assert keys(store) == []


class Rig(NamedTuple):
    runner: Runner
    home: Path

    def run(self) -> JobRow:
        """The newest job, once it has ended."""
        job_id = job_queries.jobs()[0].id
        with transaction():
            Job.update(due_at=0).where(Job.id == job_id).execute()
        self.runner.run_job(job_id)
        return job_queries.job(job_id)


@pytest.fixture
def rig(ledger: Settings, redis_url: str) -> Iterator[Rig]:
    start_fork_server(("tests.integration.stages",))
    settings = ledger.model_copy(update={"redis_url": SecretStr(redis_url)})
    store = LocalStore(Path(settings.artifact_root))
    runner = Runner(settings, "worker-1", store, no_broker, connect(settings, PROGRESS_DB))
    yield Rig(runner, settings.home)
    runner.close()


class TestStage:
    def test_it_writes_the_seed_and_the_chain_goes_on(self, rig: Rig, file: Path) -> None:
        event = taken(rig.runner.store, file)
        assert rig.run().status == "success"
        seed = rig.home / seed_key("pump_1")
        pd.testing.assert_frame_equal(pd.read_parquet(seed), pd.read_parquet(file))
        provenance = read_provenance(seed)
        assert provenance["origin"] == "imported"
        assert provenance["file_sha256"] == event.file_sha256
        assert (rig.home / "GAN/metadata/pump_1_metadata.json").exists()
        ready = events.events()[-1]
        assert (ready.type, ready.payload["epochs"]) == ("SeedReady", 7)
        assert ready.payload["seed_key"] == seed_key("pump_1")
        assert job_queries.jobs()[0].stage == "train_tvae"

    @pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
    def test_simulated_lives_are_added_and_noted(self, rig: Rig, file: Path) -> None:
        taken(rig.runner.store, file, physics_share=0.5)
        assert rig.run().status == "success"
        seed = rig.home / seed_key("pump_1")
        assert len(pd.read_parquet(seed)) == 2_000
        provenance = read_provenance(seed)
        assert (provenance["physics_share"], provenance["imported_rows"]) == ("0.5", "1000")

    @pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
    def test_censored_units_are_noted(self, rig: Rig, file: Path) -> None:
        frame = pd.read_parquet(file)
        frame.loc[frame["unit_id"] == 2, "rul_hours"] += 500.0
        frame.to_parquet(file)
        taken(rig.runner.store, file)
        assert rig.run().status == "success"
        assert read_provenance(rig.home / seed_key("pump_1"))["censored_units"] == "2"

    @pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
    def test_units_that_had_not_failed_are_kept_for_predictors(self, rig: Rig, file: Path) -> None:
        frame = pd.read_parquet(file)
        frame = frame.assign(failed=frame["unit_id"] != 2).drop(columns="rul_hours")
        frame.to_parquet(file)
        roles = {name: name for name in ROLES if name != "rul_hours"} | {"failed": "failed"}
        taken(rig.runner.store, file, roles=roles)
        assert rig.run().status == "success"
        kept = pd.read_parquet(rig.home / unfailed_key("pump_1"))
        assert len(kept) == (frame["unit_id"] == 2).sum()
        provenance = read_provenance(rig.home / seed_key("pump_1"))
        assert provenance["unfailed_rows"] == str(len(kept))

    @pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
    def test_a_file_whose_bytes_have_changed_is_refused(self, rig: Rig, file: Path) -> None:
        event = taken(rig.runner.store, file)
        (rig.home / event.file_key).write_bytes(b"something else")
        job = rig.run()
        assert job.status == "failed"
        assert "SHA-256" in job.error_message

    @pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
    def test_a_file_that_is_gone_fails_the_job_and_says_what_to_do(
        self, rig: Rig, file: Path
    ) -> None:
        event = taken(rig.runner.store, file)
        (rig.home / event.file_key).unlink()
        job = rig.run()
        assert job.status == "failed"
        assert "import the data again: fleetforge seed import" in job.error_message

    def test_a_replayed_submission_makes_the_same_seed(self, rig: Rig, file: Path) -> None:
        taken(rig.runner.store, file)
        rig.run()
        first = sha256_of(rig.home / seed_key("pump_1"))
        file.unlink()  # The user's own copy is no longer needed.
        replay(events.events()[0].id, no_broker, actor="test")
        assert rig.run().status == "success"
        assert sha256_of(rig.home / seed_key("pump_1")) == first
