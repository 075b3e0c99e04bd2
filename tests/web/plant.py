"""A plant in its own folder: the service, a machine from the real chain, its units."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.acceptance.conftest import COMMAND
from tests.waiting import eventually, free_port

MACHINE = "pump_ksb_etanorm_006"
HOUR = 3_600_000

#: Settings of every service: tests ask often, and receivers of webhooks are on this machine.
STANDARD = {"FLEETFORGE_RATE_LIMIT": "0", "FLEETFORGE_WEBHOOK_PRIVATE": "true"}

#: A life: hours and readings of each row.
Life = list[tuple[float, dict[str, float]]]

#: Shares of a held-out life that each unit has lived. Tests change `south`, `east` and `gone` only;
#: one more unit with an alert, and all alerts were one incident.
UNITS = {"north": 0.35, "south": 0.6, "east": 0.93, "gone": 0.95, "west": 0.99}

#: Readings come in so many batches, so that forecasts have a course.
BATCHES = 5


class Service:
    """`fleetforge web` or `up` in a folder, and requests to it."""

    def __init__(self, folder: Path, command: str, **settings: str) -> None:
        self.folder, self.command, self.port = folder, command, free_port()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FLEETFORGE", "OMP"))}
        self.environment = inherited | STANDARD | settings
        self.address = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.address, timeout=60)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(signal.SIGTERM)
        self.http.close()

    def start(self) -> None:
        with (self.folder / "service.log").open("a") as log:
            self._process = subprocess.Popen(
                [COMMAND, self.command, "--port", str(self.port)],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(self._answers, 60)

    def stop(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
        return done.stdout

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def _answers(self) -> bool:
        try:
            return self.http.get("/livez").is_success
        except httpx.HTTPError:
            return False


class Plant:
    """A machine from its profile to units in service.

    Attributes:
        lives: Held-out lives.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.lives: list[Life] = []

    def fill(self) -> None:
        """Run the chain, and let the units age by readings of lives that no predictor has seen."""
        # A receiver that does not answer, and a silence to come.
        self.service.post("/api/gan/webhooks", {"url": "http://127.0.0.1:9/alerts"})
        few = ("--rows", "2000", "--epochs", "8", "--samples", "3000,600,1200")
        self.service.run("onboard", MACHINE, *few, "--wait")
        eventually(
            lambda: self.service.get(f"/api/gan/machines/{MACHINE}/predictors")["items"], 120
        )
        self.lives = held_out(self.service, MACHINE)
        life, until = max(self.lives, key=len), self.now() - 60_000
        rows = {unit: readings(life, unit, share, until) for unit, share in UNITS.items()}
        for number in range(BATCHES):
            batch = [
                row
                for its in rows.values()
                for row in its[number * len(its) // BATCHES : (number + 1) * len(its) // BATCHES]
            ]
            self.service.post(f"/api/gan/machines/{MACHINE}/readings", {"readings": batch})
            eventually(self.has_predicted, 60)
        assert {"alarm", "healthy"} <= set(self.levels().values())
        tomorrow = self.now() + 24 * HOUR
        silence = {"machine_id": MACHINE, "unit": "north", "note": "inspection of the coupling"}
        times = {"starts_at": tomorrow, "ends_at": tomorrow + 8 * HOUR}
        self.service.post("/api/gan/silences", silence | times)

    def has_predicted(self) -> bool:
        """Whether all readings are in predictions."""
        items = self.service.get("/api/gan/units", machine_id=MACHINE)["items"]
        there = {item["unit"] for item in items if item["predicted_at"] == item["seen_at"]}
        return set(UNITS) <= there

    def levels(self) -> dict[str, str]:
        """The level of each unit."""
        items = self.service.get("/api/gan/units", machine_id=MACHINE)["items"]
        return {item["unit"]: item["level"] for item in items if item["unit"]}

    def now(self) -> int:
        """The time by the service's clock, ms since 1970."""
        return round(time.time() * 1000)


def held_out(service: Service, machine: str) -> list[Life]:
    """Lives of a machine that no predictor has seen."""
    path = f"/api/gan/machines/{machine}/data/test"
    answer = service.http.get(path, params={"format": "csv"})
    lives: dict[str, Life] = {}
    for row in csv.DictReader(io.StringIO(answer.text)):
        unit, hour = row.pop("unit_id"), float(row.pop("cycle_hour"))
        row.pop("rul_hours")
        row.pop("failure_mode")
        values = {name: float(value) for name, value in row.items() if value}
        lives.setdefault(unit, []).append((hour, values))
    return list(lives.values())


def readings(life: Life, unit: str, share: float, until: int) -> list[dict[str, Any]]:
    """The first part of a life as readings of a unit, the newest of a given time, ms."""
    last = share * life[-1][0]
    rows = [(hour, values) for hour, values in life if hour <= last]
    began = until - rows[-1][0] * HOUR
    return [
        {"unit": unit, "at": round(began + hour * HOUR), "readings": values}
        for hour, values in rows
    ]
