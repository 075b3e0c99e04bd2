"""What the steward mends, with a real Valkey and both databases."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
import redis
from pydantic import SecretStr

from actors.broker.client import NAMESPACE, Broker
from actors.broker.valkey import EmbeddedValkey
from actors.runtime.duties.redelivery import DELIVERY_PATIENCE_SECONDS
from actors.runtime.steward import Steward
from errors import BrokerUnavailable
from events.bus import deliver
from storage.artifacts import registry
from storage.artifacts.store import open_store
from storage.database import after, transaction
from storage.ledger import claims, leases, outbox, workers
from storage.ledger.event_log import Dispatch
from storage.ledger.leases import MAX_CRASHES
from storage.operations import control
from storage.queries import events
from storage.queries import jobs as job_queries
from storage.settings import Settings
from storage.tables import Job
from tests.integration.conftest import add_event, add_job, finished


@pytest.fixture
def steward(ledger: Settings, redis_url: str) -> Steward:
    settings = ledger.model_copy(update={"redis_url": SecretStr(redis_url)})
    store = open_store(settings.artifact_root, settings.home)
    return Steward("worker-1", ["default"], Broker(settings, ["default"]), store, valkey=None)


def waiting(steward: Steward, queue: str = "default") -> int:
    return steward.broker.depth(queue)


def no_broker(jobs: Sequence[Dispatch]) -> None:
    raise BrokerUnavailable("away")


@pytest.fixture
def unsent_job(steward: Steward) -> int:
    """A job that was published while the broker was away."""
    job_id = add_job()
    assert not deliver([Dispatch(job_id, "default")], no_broker)
    assert waiting(steward) == 0
    return job_id


@pytest.mark.usefixtures("unsent_job")
def test_a_job_recorded_while_the_broker_was_away_is_sent(steward: Steward) -> None:
    steward.look()
    assert waiting(steward) == 1


@pytest.mark.usefixtures("unsent_job")
def test_looking_again_or_twice_at_once_sends_nothing_twice(steward: Steward) -> None:
    for _ in range(3):
        steward.look()
    assert waiting(steward) == 1


def test_a_broker_that_lost_everything_gets_every_pending_job_again(steward: Steward) -> None:
    add_job()
    for number in range(4):
        add_event(stages=[f"stage_{number}"])
    steward.look()
    assert waiting(steward) == 5
    steward.broker.redis.flushall()
    steward.look()
    assert waiting(steward) == 5


@pytest.mark.usefixtures("unsent_job")
def test_a_message_that_got_lost_is_sent_again_after_a_while(steward: Steward) -> None:
    steward.look()
    steward.broker.redis.delete(f"{NAMESPACE}:default", f"{NAMESPACE}:default.msgs")
    steward.look()
    assert waiting(steward) == 0
    with transaction():
        Job.update(due_at=1, dispatched_at=after(-DELIVERY_PATIENCE_SECONDS - 1)).execute()
    steward.look()
    assert waiting(steward) == 1


@pytest.mark.usefixtures("unsent_job")
def test_a_backlog_is_not_sent_again_however_old_it_is(steward: Steward) -> None:
    steward.look()
    with transaction():
        Job.update(due_at=1, dispatched_at=2).execute()
    steward.look()
    assert waiting(steward) == 1


def test_a_silent_workers_job_is_taken_back_and_in_the_end_quarantined(steward: Steward) -> None:
    job_id = add_job()
    for crash in range(1, MAX_CRASHES + 1):
        with transaction():
            Job.update(due_at=0).execute()
        assert claims.claim(job_id, "dead-worker", 30)
        with transaction():
            Job.update(lease_until=1).execute()
        steward.look()
        assert job_queries.job(job_id).crashes == crash
    assert job_queries.job(job_id).status == "failed"
    assert "stopped renewing" in job_queries.job(job_id).error_message
    assert events.events()[-1].type == "StageFailed"


def test_a_file_committed_by_a_worker_that_then_died_is_put_in_place(steward: Steward) -> None:
    job_id = add_job()
    claim = claims.claim(job_id, "worker-2", 30)
    assert claim is not None
    prefix = f".staged/pump_1/{job_id}.1"
    workspace = steward.store.workspace(prefix)
    (workspace / "seed.parquet").write_bytes(b"bytes")
    leases.complete(claim, finished(), steward.store.stage(workspace, prefix))
    assert not (workspace.parents[2] / "seed.parquet").exists()
    steward.look()
    assert (workspace.parents[2] / "seed.parquet").read_bytes() == b"bytes"
    assert registry.unpublished() == []


def test_an_older_file_never_replaces_a_newer_one(steward: Steward) -> None:
    add_job()
    for number, text in enumerate((b"old", b"new")):
        (job,) = add_event(stages=[f"stage_{number}"]).jobs
        claim = claims.claim(job.job_id, "worker-2", 30)
        assert claim is not None
        prefix = f".staged/pump_1/{job.job_id}.1"
        workspace = steward.store.workspace(prefix)
        (workspace / "seed.parquet").write_bytes(text)
        leases.complete(claim, finished(), steward.store.stage(workspace, prefix))
    steward.look()
    steward.look()
    assert (workspace.parents[2] / "seed.parquet").read_bytes() == b"new"


def test_a_worker_is_listed_while_it_beats_and_not_after_it_signed_off(steward: Steward) -> None:
    steward.look()
    assert [worker.id for worker in workers.alive()] == ["worker-1"]
    workers.sign_off("worker-1")
    assert workers.alive() == []


def test_sending_to_a_broker_that_is_away_loses_nothing(
    ledger: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    no_broker = SecretStr(f"unix://{tmp_path_factory.mktemp('x')}/no_broker.sock")
    broker = Broker(ledger.model_copy(update={"redis_url": no_broker}), ["default"])
    job_id = add_job()
    assert not deliver([Dispatch(job_id, "default")], broker.send)
    assert [job.job_id for job in outbox.take_unsent({})] == [job_id]


def test_a_cancelled_job_is_not_sent(steward: Steward) -> None:
    control.cancel(add_job())
    steward.look()
    assert waiting(steward) == 0


def test_a_private_valkey_that_died_is_started_again(
    ledger: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    settings = ledger.model_copy(update={"home": home})
    valkey = EmbeddedValkey(home)
    broker = Broker(settings, ["default"])
    steward = Steward("w", ["default"], broker, open_store(str(home), home), valkey)
    add_job()
    steward.look()
    assert waiting(steward) == 1
    with redis.Redis.from_url(valkey.url) as client:
        client.shutdown(nosave=True)
    assert not valkey.answers()
    steward.look()
    assert waiting(steward) == 1
    valkey.stop()


def test_a_file_that_cannot_be_placed_holds_up_nothing_else(steward: Steward) -> None:
    job_id = add_job()
    claim = claims.claim(job_id, "worker-2", 30)
    assert claim is not None
    prefix = f".staged/pump_1/{job_id}.1"
    workspace = steward.store.workspace(prefix)
    for name in ("a.parquet", "b.parquet"):
        (workspace / name).write_bytes(b"bytes")
    root = workspace.parents[2]
    (root / "a.parquet").mkdir()
    leases.complete(claim, finished(), steward.store.stage(workspace, prefix))
    (trouble,) = steward.look()
    assert "a.parquet" in trouble
    assert (root / "b.parquet").read_bytes() == b"bytes"
    assert waiting(steward, "q") == 1


def test_a_steward_that_ends_unexpectedly_ends_its_worker(
    steward: Steward, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down() -> None:
        raise AssertionError("a bug")

    monkeypatch.setattr(steward.heartbeat, "beat", break_down)
    stopping = threading.Event()
    with pytest.raises(AssertionError):
        steward.run(stopping)
    assert stopping.is_set()
    assert steward.lost
