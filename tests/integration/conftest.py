"""A migrated ledger, and the shortest way to put something in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from pydantic import SecretStr

from actors.broker.client import PROGRESS_DB, connect
from actors.runtime import progress
from actors.stage import STAGES, Stage
from actors.train import train_tvae
from api.live import hub
from benchmarks.fleet import PROFILE
from events.onboarding import new_machine
from events.vocabulary import MachineCreated, SeedReady, read_event
from GAN.profiles.profile import MachineProfile
from storage.database import database, open_database, transaction
from storage.ledger import event_log
from storage.ledger.event_log import NewEvent, Subscription, Written
from storage.schema import upgrade
from storage.settings import Settings
from tests.integration import stages

if TYPE_CHECKING:
    from tests.integration.serving import Http

#: The file of the embedded database.
LEDGER = "ledger.sqlite3"


@pytest.fixture(scope="session")
def new_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty, migrated ledger. Copying it takes a fraction of making another one."""
    home = tmp_path_factory.mktemp("new_ledger")
    open_database(Settings(home=home, database_url=None))
    upgrade()
    database.close()
    return home / LEDGER


@pytest.fixture
def ledger(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Settings]:
    """An empty, migrated ledger on each database."""
    if settings.embedded_database:
        shutil.copy(request.getfixturevalue("new_ledger"), settings.home / LEDGER)
    open_database(settings)
    if upgrade():
        request.getfixturevalue("postgres").has_ledger()
    yield settings
    database.close()


def profile_of(machine_id: str, **changes: Any) -> MachineProfile:
    return MachineProfile.model_validate({**PROFILE, **changes, "machine_id": machine_id})


def add_machine(machine_id: str = "pump_1", **changes: Any) -> None:
    profile = profile_of(machine_id, **changes)
    newcomer = new_machine("test", profile)
    with transaction():
        event_log.create_machine(newcomer.identity, newcomer.profile, newcomer.sha256)


def record(
    event_type: str,
    machine_id: str,
    payload: Mapping[str, Any],
    correlation_id: str = "c" * 32,
    **more: Any,
) -> NewEvent:
    """An event with the meaning that its class declares."""
    event = read_event(event_type, machine_id, dict(payload))
    return NewEvent(
        type=event_type,
        machine_id=machine_id,
        payload=payload,
        correlation_id=correlation_id,
        chain=event.chain,
        effect=event.effect,
        model=event.trained_model(),
        verdict=event.verdict(),
        predictor=event.trained_predictor(),
        **more,
    )


def subscription(stage: str, queue: str = "default") -> Subscription:
    """What a stage of this name would subscribe with."""
    return Subscription(stage, queue, trains=stage == train_tvae.__name__)


def add_event(
    event_type: str = "MachineCreated",
    machine_id: str = "pump_1",
    stages: Sequence[str] = ("generate_seed",),
    queue: str = "default",
    key: str | None = None,
    **payload: Any,
) -> Written:
    return event_log.publish(
        record(
            event_type,
            machine_id,
            payload,
            key=key,
            subscriptions=[subscription(stage, queue) for stage in stages],
        )
    )


def add_job(**event: Any) -> int:
    """A machine with one pending job; the job's id."""
    add_machine()
    (job,) = add_event(**event).jobs
    return job.job_id


def failed(machine_id: str = "pump_1") -> NewEvent:
    """What ends a job for good."""
    return record("StageFailed", machine_id, {"stage": "x", "reason": "y"})


def finished(machine_id: str = "pump_1") -> NewEvent:
    """What a completed job establishes."""
    return record("SeedReady", machine_id, {}, subscriptions=[Subscription("next", "q")])


@pytest.fixture
def small_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers of this process know the stages of `tests.integration.stages`."""
    for name, function in vars(stages).items():
        if getattr(function, "__module__", "") == stages.__name__:
            declared = Stage(
                name, function, (MachineCreated,), (SeedReady,), "default", "gan:test", "onboarding"
            )
            monkeypatch.setitem(STAGES, name, declared)


@pytest.fixture
def http(ledger: Settings, redis_url: str) -> Iterator[Http]:
    """A client of the service over an empty ledger and a real broker."""
    from tests.integration.serving import serving

    with serving(ledger.model_copy(update={"redis_url": SecretStr(redis_url)})) as client:
        yield client


@pytest.fixture
def redis_client(http: Http) -> redis.Redis:
    return connect(http.service.settings, PROGRESS_DB)


@pytest.fixture
def by_redis_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its first look, the service does not look into the ledger again."""
    monkeypatch.setattr(hub, "LOOK_SECONDS", 3600)


@pytest.fixture
def by_ledger_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is published to Redis is lost."""
    monkeypatch.setattr(redis.Redis, "publish", lambda *_: None)


@pytest.fixture
def each_report_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the ledger has most of a stage's progress a second late."""
    monkeypatch.setattr(progress, "LEDGER_INTERVAL_SECONDS", 0)
