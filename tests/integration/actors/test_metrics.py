"""The Prometheus metrics of workers, on both databases."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

import actors
from actors.broker.client import PROGRESS_DB, connect
from actors.runtime import metrics
from actors.runtime.child import start_fork_server
from actors.runtime.execution import lease_keeper
from actors.runtime.runner import Runner
from errors import SettingsError
from events.onboarding import new_machine, register
from events.plan import Plan
from storage.artifacts.store import open_store
from storage.database import database
from storage.ledger import claims as claims_module
from storage.ledger import leases as ledger_module
from storage.ledger import queues
from storage.operations import control
from storage.queries import jobs, machines
from storage.settings import PREFIX, Settings
from tests.integration.actors.logged_worker import (
    CHEAP,
    LoggedWorker,
    environment,
    logged_worker,
    send_to,
)
from tests.integration.conftest import add_event, add_job, add_machine, failed, profile_of
from tests.integration.storage.aging import put_back
from tests.waiting import eventually, free_port

assert actors  # declares the stages

STAGES = ("generate_seed", "train_tvae", "generate_synthetic", "assess_quality")


class Metrics:
    """A worker's `/metrics`."""

    def __init__(self, worker: LoggedWorker) -> None:
        ((line, *_)) = eventually(lambda: worker.logged("metrics"))
        self.address: str = line["address"]
        self.port = int(self.address.removesuffix("/metrics").rpartition(":")[2])

    def value(self, name: str, **labels: str) -> float | None:
        """A sample's value now; None if there is none."""
        with urlopen(self.address) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        samples = [sample for family in families for sample in family.samples]
        found = [s.value for s in samples if s.name == name and s.labels == labels]
        return found[0] if found else None

    def comes_to(self, value: float, name: str, **labels: str) -> None:
        """Wait until a sample has this value."""
        eventually(lambda: self.value(name, **labels) == value)


@contextmanager
def cheap_worker(ledger: Settings, redis_url: str) -> Iterator[Metrics]:
    variables = environment(ledger, redis_url, METRICS=f"127.0.0.1:{free_port()}")
    with logged_worker(variables, *CHEAP) as worker:
        yield Metrics(worker)


def onboard(ledger: Settings, redis_url: str, machine_id: str = "pump_1", **how: object) -> None:
    profile = profile_of(machine_id, description=json.dumps(how))
    register([new_machine("test", profile)], Plan(), send_to(ledger, redis_url), actor="test")


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_jobs_are_counted_by_stage_and_outcome_and_timed(ledger: Settings, redis_url: str) -> None:
    with cheap_worker(ledger, redis_url) as served:
        onboard(ledger, redis_url, seconds=0.6)
        eventually(lambda: machines.machine("pump_1").status == "onboarded")
        # An outcome is committed, then counted, then timed.
        served.comes_to(1, "fleetforge_job_seconds_count", stage=STAGES[-1])
        for stage in STAGES:
            assert served.value("fleetforge_jobs_total", stage=stage, status="finished") == 1
            assert served.value("fleetforge_job_seconds_count", stage=stage) == 1
            assert served.value("fleetforge_job_seconds_bucket", stage=stage, le="0.5") == 0
            seconds = served.value("fleetforge_job_seconds_sum", stage=stage)
            assert seconds is not None
            assert 0.6 <= seconds < 30
        add_machine("pump_2", description="not JSON: the stage raises")
        send_to(ledger, redis_url)(add_event(machine_id="pump_2").jobs)
        served.comes_to(1, "fleetforge_jobs_total", stage=STAGES[0], status="failed")
        assert served.value("fleetforge_jobs_total", stage=STAGES[0], status="finished") == 1


def test_the_state_of_queues_is_shown(ledger: Settings, redis_url: str) -> None:
    queues.pause("train")
    with cheap_worker(ledger, redis_url) as served:
        onboard(ledger, redis_url)
        served.comes_to(1, "fleetforge_queue_due", queue="train")
        assert served.value("fleetforge_queue_running", queue="train") == 0
        eventually(lambda: (served.value("fleetforge_queue_age_seconds", queue="train") or 0) > 1)
        queues.resume("train")
        served.comes_to(0, "fleetforge_queue_due", queue="train")
        assert served.value("fleetforge_queue_age_seconds", queue="train") == 0
        add_machine("pump_2")
        (held,) = add_event(machine_id="pump_2").jobs
        assert claims_module.claim(held.job_id, "by hand", 1000)
        served.comes_to(1, "fleetforge_queue_running", queue="default")
        served.comes_to(0, "fleetforge_queue_due", queue="default")
        control.cancel(held.job_id)
        # A queue without settings and jobs is no longer shown.
        eventually(lambda: served.value("fleetforge_queue_running", queue="default") is None)


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_rescue_is_counted_by_the_worker_that_makes_it(ledger: Settings, redis_url: str) -> None:
    job_id = add_job()
    assert claims_module.claim(job_id, "gone", 0.01)
    with cheap_worker(ledger, redis_url) as served:
        served.comes_to(1, "fleetforge_rescues_total")
        served.comes_to(1, "fleetforge_jobs_total", stage="generate_seed", status="finished")
    job = jobs.job(job_id)
    assert (job.status, job.crashes, job.token) == ("success", 1, 2)


def counted(name: str, **labels: str) -> float:
    """A counter of this process."""
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.usefixtures("small_stages")
def test_an_outcome_that_came_too_late_is_counted(
    ledger: Settings, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No renewal may find out before the outcome does that the lease is lost.
    monkeypatch.setattr(lease_keeper, "RENEWAL_SECONDS", 60)
    settings = ledger.model_copy(update={"redis_url": SecretStr(redis_url), "lease_seconds": 3600})
    start_fork_server(("tests.integration.stages",))
    runner = Runner(
        settings=settings,
        worker_id="w1",
        store=open_store(settings.artifact_root, settings.home),
        send=send_to(ledger, redis_url),
        progress=connect(settings, PROGRESS_DB),
    )
    runner.prepare()
    go = tmp_path / "go"
    add_machine(description=str(go))
    (job,) = add_event(stages=["wait_for_file"]).jobs

    def run_it() -> None:
        runner.run_job(job.job_id)
        database.close()

    refused = counted("fleetforge_refused_completions_total")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_it)
        try:
            eventually(lambda: jobs.job(job.job_id).message)
            put_back(job.job_id, lease_until=-1)
            (claim,) = claims_module.expired()
            ledger_module.crash(claim, "silent", failed())
        finally:
            go.touch()
        running.result(60)
    runner.close()
    assert counted("fleetforge_refused_completions_total") == refused + 1
    lost = counted("fleetforge_jobs_total", stage="wait_for_file", status="lost")
    assert lost >= 1
    assert jobs.job(job.job_id).status == "pending"


def listening(pid: int) -> set[int]:
    """The TCP ports at which a process listens."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # Closed meanwhile.
            sockets.add(str(descriptor.readlink()))
    ports = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = row.split()
            if state == "0A" and f"socket:[{rest[5]}]" in sockets:
                ports.add(int(local.rpartition(":")[2], 16))
    return ports


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_worker_listens_only_at_the_address_of_its_settings(
    ledger: Settings, redis_url: str
) -> None:
    with logged_worker(environment(ledger, redis_url), *CHEAP) as worker:
        eventually(lambda: worker.logged("worker ready"))
        assert worker.logged("metrics") == []
        assert listening(worker.process.pid) == set()
    port = free_port()
    with logged_worker(environment(ledger, redis_url, METRICS=str(port)), *CHEAP) as worker:
        served = Metrics(worker)
        eventually(lambda: worker.logged("worker ready"))
        assert listening(worker.process.pid) == {served.port}
        assert served.address.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_workers_with_one_address_take_one_port_after_the_other(
    ledger: Settings, redis_url: str
) -> None:
    variables = environment(ledger, redis_url, METRICS=f"127.0.0.1:{free_port()}")
    with logged_worker(variables, *CHEAP) as one, logged_worker(variables, *CHEAP) as other:
        first, second = Metrics(one), Metrics(other)
        assert first.port != second.port
        assert abs(first.port - second.port) < metrics.MOST_WORKERS
        onboard(ledger, redis_url)
        eventually(lambda: machines.machine("pump_1").status == "onboarded")

        def counted() -> float:
            seen = [
                served.value("fleetforge_jobs_total", stage=stage, status="finished") or 0
                for served in (first, second)
                for stage in STAGES
            ]
            return sum(seen)

        eventually(lambda: counted() == len(STAGES))


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("nowhere", "write a port or host:port, such as 9400 or 0.0.0.0:9400"),
        ("203.0.113.7:9400", "203.0.113.7:9400: Cannot assign requested address"),
    ],
)
def test_an_address_that_cannot_be_served_is_one_line(
    tmp_path: Path, address: str, complaint: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli", "worker"],
        env=os.environ | {f"{PREFIX}HOME": str(tmp_path), f"{PREFIX}METRICS": address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == f"error: {PREFIX}METRICS: {complaint}\n"
    assert done.returncode == 2


def test_an_address_without_a_free_port_is_refused() -> None:
    with socket.socket() as taken:
        with suppress(OSError):  # Then another process has it.
            taken.bind(("127.0.0.1", 65535))
            taken.listen()
        with pytest.raises(SettingsError, match="no free port from there on"):
            metrics.serve("127.0.0.1:65535")
