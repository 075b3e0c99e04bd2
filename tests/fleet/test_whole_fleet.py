"""All 32 machines of the fleet, with few rows and epochs: from profiles to units in service."""

from __future__ import annotations

import socket
import subprocess

import httpx
import pytest

from GAN.profiles.catalogue import fleet_ids
from tests.acceptance.conftest import COMMAND, User
from tests.waiting import eventually

#: Few rows, so that it takes minutes.
FEW = ("--rows", "2000", "--epochs", "8", "--samples", "3000,600,1200")


@pytest.mark.timeout(2400)
def test_the_fleet_is_onboarded_predicted_and_shown_in_one_call(user: User) -> None:
    run(user, "onboard", "--fleet", *FEW, "--wait")
    assert len(user.json("predictors", "list")) == 32
    said = run(user, "demo", "--seconds", "60")
    assert "failed" in said
    assert "is replaced" in said
    assert "plan for sunday" in said
    items = fleet_over_http(user)
    complete = {
        item["machine_id"]
        for item in items
        if item["prediction"] is not None
        and item["prediction"]["probabilities"]
        and item["prediction"]["rul_hours"] >= 0
        and item["prediction"]["novelty"] is not None
        and item["prediction"]["outlook"]
    }
    assert complete == set(fleet_ids())
    assert all(item["level"] != "no_forecast" for item in items)


def run(user: User, *arguments: str) -> str:
    """Run a command that takes minutes; what it printed."""
    done = subprocess.run(
        [COMMAND, *arguments],
        cwd=user.folder,
        env=user.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout


def fleet_over_http(user: User) -> list[dict[str, object]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{address}/livez").is_success
        except httpx.HTTPError:
            return False

    with user.running(COMMAND, "web", "--port", str(port)):
        eventually(answers, 60)
        found: list[dict[str, object]] = httpx.get(
            f"{address}/api/gan/units", params={"limit": 200}
        ).json()["items"]
    return found
