"""`fleetforge up`: one stack for all tests here, used in this order and stopped by the last."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pandas as pd
import pytest
from websockets.sync.client import connect

from storage.queries import events
from tests.acceptance.conftest import COMMAND, User, assert_asks_for_a_token, assert_no_crash
from tests.acceptance.warm_command import WarmCommand
from tests.waiting import eventually, free_port

ENDED = ("success", "failed", "cancelled")
POLL_SECONDS = 0.7  # The service answers 100 requests a minute.


class Up(NamedTuple):
    """A stack that runs, and a client of its service with a token for everything."""

    user: User
    process: subprocess.Popen[str]
    port: int
    http: httpx.Client

    def seeded(self) -> set[str]:
        """The machines that have a seed."""
        with self.user.ledger():
            return {one.machine_id for one in events.events() if one.type == "SeedReady"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, warm_command: WarmCommand) -> Iterator[Up]:
    """Other machines could come in, so it needs a token."""
    user, port = User(tmp_path_factory.mktemp("up"), warm_command), free_port()
    command = ("up", "--host", "0.0.0.0", "--port", str(port))
    assert_asks_for_a_token(user, *command)
    token = user.run("tokens", "create", "boss", "--scope", "admin").stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    with (
        user.running(COMMAND, *command) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as http,
    ):
        eventually(lambda: answers(http), 60)
        yield Up(user, process, port, http)


def answers(http: httpx.Client) -> bool:
    try:
        return http.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def polled(http: httpx.Client, path: str, ends: tuple[str, ...]) -> dict[str, Any]:
    """What is at `path` once its status is one of `ends`."""

    def look() -> dict[str, Any] | None:
        answer = http.get(path)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown if shown["status"] in ends else None

    shown = eventually(look, 120, POLL_SECONDS)
    assert shown is not None
    return shown


def follow(http: httpx.Client, kind: str, task_id: int) -> list[dict[str, Any]]:
    """What a task's socket says until it is closed."""
    address = f"ws://{http.base_url.netloc.decode()}/ws/gan/{kind}/{task_id}"
    authorized = {"Authorization": http.headers["Authorization"]}
    with connect(address, additional_headers=authorized) as socket:
        return [json.loads(message) for message in socket]


def run(http: httpx.Client, stage: str, **asked: int) -> dict[str, Any]:
    """Start a stage and poll its task to its end."""
    started = http.post(f"/api/gan/machines/pump_7/{stage}", json=asked)
    assert started.status_code == 202, started.text

    task = polled(http, started.headers["location"], ENDED)
    assert task["status"] == "success", task
    assert task["progress"] == 100
    return task


def test_create_seed_train_poll_generate_download(up: Up) -> None:
    http = up.http
    template = http.get("/api/gan/templates/pump/download").text
    profile = template.replace("pump_example_001", "pump_7")
    yaml = {"Content-Type": "application/yaml"}

    checked = http.post("/api/gan/profiles/validate", content=profile, headers=yaml)
    assert checked.json() == {"valid": True, "problems": []}
    created = http.post("/api/gan/machines?start=false", content=profile, headers=yaml)
    assert created.status_code == 201
    machine = created.headers["location"]
    early = http.post(f"{machine}/train", json={"epochs": 5})
    assert early.status_code == 409
    assert f"POST {machine}/seed makes it" in early.json()["detail"]

    seed = run(http, "seed", rows=1000, seed=7)
    assert seed["result"]["event"]["type"] == "SeedReady"
    trained = run(http, "train", epochs=5)
    assert (trained["stage"], trained["epoch"]) == ("train_tvae", 5)
    assert isinstance(trained["loss"], float)
    again = http.post(f"{machine}/train", json={"epochs": 5}).json()
    heard = follow(http, "training", again["task_id"])
    assert heard[0]["type"] == "snapshot"
    assert (heard[-1]["type"], heard[-1]["status"]) == ("terminal", "success")
    assert 5 in {message["epoch"] for message in heard}
    made = run(http, "generate", train=600, val=120, test=120)
    keys = [artifact["key"] for artifact in made["result"]["artifacts"]]
    assert sum(key.endswith(".parquet") for key in keys) == 3

    shown = polled(http, machine, ("onboarded", "failed"))
    assert shown["status"] == "onboarded", shown
    assert shown["latest_model"]["epochs"] == 5
    assert shown["latest_model"]["status"] == "accepted"
    # The seed's own chain goes on until a stage started by hand takes it over.
    stages = [step["stage"] for step in shown["chain"] if step["status"] == "success"]
    assert stages[0] == "generate_seed"
    assert stages[-2:] == ["generate_synthetic", "assess_quality"]

    whole = http.get(f"{machine}/data/train")
    half = len(whole.content) // 2
    parts = [
        http.get(f"{machine}/data/train", headers={"Range": asked}).content
        for asked in (f"bytes=0-{half - 1}", f"bytes={half}-")
    ]
    assert b"".join(parts) == whole.content
    table = pd.read_parquet(io.BytesIO(whole.content))
    assert len(table) == 600
    csv = http.get(f"{machine}/data/train?format=csv")
    assert list(pd.read_csv(io.StringIO(csv.text)).columns) == list(table.columns)

    report = http.get(f"{machine}/report").json()
    assert report["passed"] is True
    assert "<!DOCTYPE html>" in http.get(f"{machine}/report.html").text
    assert http.get("/api/gan/statistics").json()["machines"] == {"onboarded": 1}
    (page,) = (http.get("/api/events?type=MachineOnboarded").json(),)
    assert [event["machine_id"] for event in page["items"]] == ["pump_7"]

    assert http.delete(machine).status_code == 204
    assert http.get(f"{machine}/data/train").status_code == 404
    assert not list(up.user.home.glob("GAN/data/synthetic/pump_7/*"))


def test_a_profile_dropped_in_the_inbox_is_onboarded(up: Up) -> None:
    inbox = up.user.home / "inbox"
    up.user.run("templates", "new", "pump", "-o", "pump.yaml")
    shutil.copy(up.user.folder / "pump.yaml", inbox)
    (inbox / "bad.json").write_text('{"machine_id": "x"}')
    eventually(lambda: "pump_example_001" in up.seeded(), 60)
    eventually((inbox / "bad.json.error").exists)
    assert "sensors: missing" in (inbox / "bad.json.error").read_text()
    assert up.user.json("events")[0]["actor"] == "watch"


def test_ctrl_c_stops_all_and_hands_back_what_runs(up: Up) -> None:
    assert "ok    broker" in up.user.run("doctor").stdout
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(30) == 0
    output = (up.user.folder / "output.log").read_text()
    assert_no_crash(output)
    assert f"dashboard: http://127.0.0.1:{up.port}/fleet, or: fleetforge open\n" in output
    assert "started again" not in output  # Every process is the one that was started.
    assert "not running" in up.user.run("doctor").stdout
    assert "none alive" in up.user.run("doctor").stdout
    (machine,) = up.user.json("status")
    assert machine["status"] in ("pending", "success", "onboarded")
