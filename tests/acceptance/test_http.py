"""From a template to finished data by HTTP alone, as a user with curl would."""

from __future__ import annotations

import io
import json
import signal
from typing import Any

import httpx
import pandas as pd
from websockets.sync.client import connect

from tests.acceptance.conftest import COMMAND, User, assert_no_crash
from tests.waiting import eventually, free_port

ENDED = ("success", "failed", "cancelled")
POLL_SECONDS = 0.7  # The service answers 100 requests a minute.


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
    with connect(f"ws://{http.base_url.netloc.decode()}/ws/gan/{kind}/{task_id}") as socket:
        return [json.loads(message) for message in socket]


def run(http: httpx.Client, stage: str, **asked: int) -> dict[str, Any]:
    """Start a stage and poll its task to its end."""
    started = http.post(f"/api/gan/machines/pump_7/{stage}", json=asked)
    assert started.status_code == 202, started.text

    task = polled(http, started.headers["location"], ENDED)
    assert task["status"] == "success", task
    assert task["progress"] == 100
    return task


def test_create_seed_train_poll_generate_download(user: User) -> None:
    port = free_port()
    with (
        user.running(COMMAND, "up", "--port", str(port)) as stack,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        eventually(lambda: answers(http), 60)
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
        assert report["quality_score"] == shown["latest_model"]["quality_score"]
        assert "<!DOCTYPE html>" in http.get(f"{machine}/report.html").text
        assert http.get("/api/gan/statistics").json()["machines"] == {"onboarded": 1}
        (page,) = (http.get("/api/events?type=MachineOnboarded").json(),)
        assert [event["machine_id"] for event in page["items"]] == ["pump_7"]

        assert http.delete(machine).status_code == 204
        assert http.get(f"{machine}/data/train").status_code == 404
        assert not list(user.home.glob("GAN/data/synthetic/pump_7/*"))
        stack.send_signal(signal.SIGINT)
        assert stack.wait(30) == 0
    log = (user.folder / "output.log").read_text()
    assert_no_crash(log)
    assert "started again" not in log  # Every process is the one that was started.
