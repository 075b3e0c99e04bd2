"""Stacks: what starts and what does not, waits with workers, and workers by Procfile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest

from storage.ledger import workers
from storage.queries import jobs, machines
from storage.settings import Settings
from tests.acceptance.conftest import COMMAND, User, assert_asks_for_a_token
from tests.waiting import eventually, free_port

ROOT = Path(__file__).parents[2]

#: A machine whose sets have too few rows to be like its seed.
POOR = "pump_grundfos_cr3_004"


def honcho(user: User, processes: str) -> tuple[str | Path, ...]:
    """The command that starts so many processes of the user's Procfile."""
    program = Path(sys.executable).with_name("honcho")
    user.environment["PATH"] = f"{program.parent}:{user.environment['PATH']}"
    return (program, "start", "-c", processes)


def statuses(user: User) -> dict[str, str]:
    with user.ledger():
        return {one.machine_id: one.status for one in machines.machines()}


def is_in_use(port: str) -> str:
    return (
        f"error: 127.0.0.1:{port}: Address already in use; stop what listens there, or choose "
        "another port with --port (a Procfile has it in its line `web:`)\n"
    )


def test_up_names_a_port_in_use_and_the_option_to_change_before_anything_starts(
    user: User,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = user.run("up", "--port", port, exit_code=2)
    assert refused.stderr == is_in_use(port)
    assert not (user.home / "run").exists()


def test_honcho_shows_which_port_is_in_use_before_it_stops_the_rest(user: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        procfile = (ROOT / "Procfile").read_text().replace("web\n", f"web --port {port}\n")
        (user.folder / "Procfile").write_text(procfile)
        with user.running(*honcho(user, "worker=0,train=0,watch=1,web=1")) as stack:
            assert stack.wait(60) == 2
    assert is_in_use(port) in (user.folder / "output.log").read_text()


def test_behind_a_proxy_nothing_starts_without_a_token(user: User) -> None:
    user.environment["FLEETFORGE_TRUSTED_PROXIES"] = "10.0.0.1"
    assert_asks_for_a_token(user, "web", "--port", str(free_port()))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_a_wait_that_was_ended(user: User, how: signal.Signals) -> None:
    command = (COMMAND, "onboard", "pump_ksb_etanorm_006", "--epochs", "1000", "--wait")
    user.run("db", "upgrade")
    with user.running(*command) as waiting:
        eventually(lambda: _workers(user) == 1, 60)
        waiting.send_signal(how)
        waiting.wait(30)
    eventually(lambda: _workers(user) == 0, 30)


def test_two_waits_at_once_both_end_one_with_poor_sets(user: User) -> None:
    user.run("queues", "pause", "predictor")  # What waits in a paused queue is not waited for.
    quick = ("--epochs", "1", "--rows", "2000", "--wait")
    good = ("onboard", "pump_ksb_etanorm_006", "--samples", "3000,600,500", *quick)
    with user.running(COMMAND, *good) as first:
        eventually(lambda: _workers(user) >= 1, 60)
        done = user.run("onboard", POOR, "--samples", "8,8,8", *quick, exit_code=1)
        assert first.wait(120) == 0
    assert statuses(user) == {"pump_ksb_etanorm_006": "onboarded", POOR: "failed"}
    assert "not good enough" in done.stdout
    published = user.json("events", "--machine", POOR)
    types = [event["type"] for event in published]
    assert types.count("ModelTrained") == 1
    assert types[-1] == "StageFailed"
    shown = user.json("machines", "show", POOR)
    (model,) = (file for file in shown["files"] if file["key"].endswith(".pkl"))
    assert model["verdict"] == "rejected"
    assert all(Path(file["address"]).is_file() for file in shown["files"])
    why = user.run("why", POOR).stdout
    assert "not good enough" in why
    assert "to do:" in why


@pytest.fixture
def served(user: User, settings: Settings, redis_url: str, request: pytest.FixtureRequest) -> User:
    """A user with a real Redis: once with SQLite and a folder, once with PostgreSQL and S3."""
    user.environment |= {"FLEETFORGE_REDIS_URL": redis_url}
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        user.environment |= {
            "FLEETFORGE_DATABASE_URL": url,
            "FLEETFORGE_ARTIFACTS": request.getfixturevalue("bucket"),
            "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
        }
        refused = user.run("onboard", "fan_howden_buffalo_008", exit_code=1)
        assert "fleetforge db upgrade" in refused.stderr
        user.run("db", "upgrade")
    return user


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_workers_scale_out_by_procfile_over_real_servers(served: User) -> None:
    shutil.copy(ROOT / "Procfile", served.folder)
    command = honcho(served, "worker=1,train=2,telemetry=0,watch=1,notify=0,web=0")
    names = ["pump_ksb_etanorm_006", "robot_abb_irb6700_016"]
    for queue in ("predictor", "train"):  # Predictors have another chain.
        served.run("queues", "pause", queue)
    with served.running(*command) as stack:
        eventually(lambda: _queues(served) == [["default"], *[["train", "predictor"]] * 2], 60)
        served.run(
            *("onboard", *names, "--epochs", "40", "--rows", "2000"),
            *("--samples", "3000,600,500"),
        )
        with served.ledger():
            eventually(lambda: [job.queue for job in jobs.jobs(status="pending")] == ["train"] * 2)
        served.run("queues", "resume", "train")  # Each of both has a worker that waits.
        ended = {"onboarded", "failed"}
        eventually(lambda: set(statuses(served).values()) <= ended, 240)
        with served.ledger():
            busy = {job.worker for job in jobs.jobs()}
        stack.send_signal(signal.SIGTERM)
        stack.wait(30)
    assert statuses(served) == dict.fromkeys(names, "onboarded")
    assert len(busy - {None}) == 3
    assert not (served.home / "run").exists()  # no private Valkey was started
    report = "GAN/reports/generation/robot_abb_irb6700_016_report.json"
    assert stored(served, report)["passed"] is True


def stored(user: User, key: str) -> dict[str, object]:
    """A JSON file below the artifact root, folder or bucket."""
    from pyarrow.fs import FileSystem, LocalFileSystem

    root = user.environment.get("FLEETFORGE_ARTIFACTS", "")
    filesystem, base = FileSystem.from_uri(root) if root else (LocalFileSystem(), str(user.home))
    with filesystem.open_input_file(f"{base}/{key}") as file:
        content: dict[str, object] = json.loads(file.read())
    return content


def _workers(user: User) -> int:
    """Workers that are alive, by the ledger alone: the broker may be going down meanwhile."""
    return len(_queues(user))


def _queues(user: User) -> list[list[str]]:
    """The queues that each of them serves."""
    with user.ledger():
        return sorted(list(worker.queues) for worker in workers.alive())
