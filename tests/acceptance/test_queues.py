"""`fleetforge queues`: what an operator sets holds for every worker, at once."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from actors.runtime.steward import PERIOD_SECONDS
from benchmarks.fleet import PROFILE
from storage.database import clock_ms, database, open_database
from storage.queries import jobs, machines
from storage.queries.jobs import JobRow
from storage.settings import Settings
from tests.acceptance.conftest import User
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]

#: The rounds of all stewards here are further apart than this: what comes sooner, in the median,
#: was not left to them.
SOON_MS = PERIOD_SECONDS * 1000 / 8

UNSET = {
    "paused_at": None,
    "concurrency": None,
    "priority": 0,
    "due": 0,
    "running": 0,
    "oldest_due_at": None,
}


def cheap_worker(queues: str) -> tuple[str, ...]:
    """The command of a real worker whose stages are cheap."""
    return sys.executable, "-m", "benchmarks.cheap_worker", queues


def queue(user: User, name: str) -> dict[str, Any]:
    """One queue as the list has it."""
    return next(one for one in user.json("queues") if one["name"] == name)


class TestSetting:
    def test_with_nothing_set_every_queue_is_shown_open(self, user: User) -> None:
        assert user.json("queues") == [
            {"name": "default", **UNSET},
            {"name": "predictor", **UNSET, "priority": -1},
            {"name": "telemetry", **UNSET, "priority": 1},
            {"name": "train", **UNSET},
        ]
        head, *lines = user.run("queues").stdout.splitlines()
        assert head.split() == ["NAME", "STATE", "LIMIT", "PRIORITY", "DUE", "RUNNING", "OLDEST"]
        assert [line.split() for line in lines] == [
            ["default", "open", "none", "0", "0", "0"],
            ["predictor", "open", "none", "-1", "0", "0"],
            ["telemetry", "open", "none", "1", "0", "0"],
            ["train", "open", "none", "0", "0", "0"],
        ]

    def test_what_is_set_is_said_and_listed(self, user: User) -> None:
        for arguments, said in (
            (("pause", "train"), "train: paused"),
            (("limit", "train", "2"), "train: limit 2"),
            (("prefer", "train", "--", "-5"), "train: priority -5"),
        ):
            assert user.run("queues", *arguments).stdout == f"{said}\n"
        train = queue(user, "train")
        paused_at = train["paused_at"]
        assert train == {"name": "train", **UNSET} | {
            "paused_at": paused_at,
            "concurrency": 2,
            "priority": -5,
        }
        assert abs(time.time() * 1000 - paused_at) < 60_000
        _, default, _, _, line = user.run("queues").stdout.splitlines()
        assert line.startswith("train      paused since 20")
        assert line.split()[-4:] == ["2", "-5", "0", "0"]
        assert default.split()[1:4] == ["open", "none", "0"]
        for arguments, said in (
            (("resume", "train"), "train: open"),
            (("limit", "train", "none"), "train: limit none"),
            (("prefer", "train", "0"), "train: priority 0"),
        ):
            assert user.run("queues", *arguments).stdout == f"{said}\n"
        assert queue(user, "train") == {"name": "train", **UNSET}

    def test_settings_are_printed_as_json_too(self, user: User) -> None:
        train = {"name": "train", **UNSET}
        paused = user.json("queues", "pause", "train")
        assert paused == train | {"paused_at": paused["paused_at"]}
        assert paused["paused_at"] is not None
        assert user.json("queues", "resume", "train") == train
        assert user.json("queues", "limit", "train", "3") == train | {"concurrency": 3}
        assert user.json("queues", "prefer", "train", "7") == train | {
            "concurrency": 3,
            "priority": 7,
        }
        assert user.json("queues", "limit", "train", "none") == train | {"priority": 7}

    @pytest.mark.parametrize(
        "arguments", [("pause",), ("resume",), ("limit", "2"), ("prefer", "2")]
    )
    def test_a_queue_that_there_is_not_is_refused(
        self, user: User, arguments: tuple[str, ...]
    ) -> None:
        command, *value = arguments
        done = user.run("queues", command, "trian", *value, exit_code=2)
        advice = "write default, predictor, telemetry, train"
        assert done.stderr == f"error: queues: QUEUE: no queue 'trian'; {advice}\n"
        assert [one["name"] for one in user.json("queues")] == [
            "default",
            "predictor",
            "telemetry",
            "train",
        ]

    @pytest.mark.parametrize("limit", ["0", "2.5", "many", "٣", str(2**31)])
    def test_a_limit_that_is_none_is_refused(self, user: User, limit: str) -> None:
        done = user.run("queues", "limit", "train", limit, exit_code=2)
        assert done.stderr == (
            f"error: limit: N: not a limit: '{limit}'; write a whole number from 1, or none; "
            "to stop a queue: fleetforge queues pause\n"
        )
        assert queue(user, "train")["concurrency"] is None


@pytest.fixture
def served(user: User, settings: Settings, redis_url: str) -> Iterator[User]:
    """A user with a real Redis, with SQLite and with PostgreSQL; the ledger is open."""
    user.environment |= {"FLEETFORGE_REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}
    if settings.database_url is not None:
        user.environment["FLEETFORGE_DATABASE_URL"] = settings.database_url.get_secret_value()
    user.run("db", "upgrade")
    open_database(settings.model_copy(update={"home": user.home}))
    yield user
    database.close()


def onboard(user: User, count: int, **behaviour: float) -> None:
    """Machines whose stages do as `benchmarks.cheap_stages` reads it."""
    names = [f"pump_{number}" for number in range(count)]
    for name in names:
        description = json.dumps({"bytes": 100} | behaviour)
        profile = PROFILE | {"machine_id": name, "description": description}
        (user.folder / f"{name}.json").write_text(json.dumps(profile))
    user.run("onboard", *(f"{name}.json" for name in names))


def trainings(*statuses: str) -> list[JobRow]:
    """Jobs of the queue `train` with one of these statuses."""
    return [job for job in jobs.jobs() if job.queue == "train" and job.status in statuses]


def all_onboarded() -> bool:
    return {machine.status for machine in machines.machines()} == {"onboarded"}


class TestWorkers:
    @pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
    def test_a_paused_queues_jobs_wait_and_start_at_once_when_it_is_resumed(
        self, served: User
    ) -> None:
        served.run("queues", "pause", "train")
        with served.running(*cheap_worker("default,train")):
            onboard(served, 2)
            eventually(lambda: len(trainings("pending")) == 2, 60)
            # The worker has refused them, and stewards have had the time to send them again.
            eventually(lambda: not any(job.dispatched_at for job in trainings("pending")))
            time.sleep(2 * PERIOD_SECONDS)
            waiting = trainings("pending")
            assert [(job.token, job.dispatched_at) for job in waiting] == [(0, None)] * 2
            train = queue(served, "train")
            assert (train["due"], train["running"]) == (2, 0)
            assert train["oldest_due_at"] == min(job.due_at for job in waiting)
            assert " waits " in served.run("queues").stdout.splitlines()[-1]
            assert served.json("workers")[0]["state"] == "idle"
            served.run("queues", "resume", "train")
            resumed_at = clock_ms()
            assert all(job.dispatched_at for job in trainings("pending"))
            trained = eventually(lambda: (done := trainings("success"))[1:] and done)
            assert min(job.started_at for job in trained) < resumed_at + PERIOD_SECONDS * 1000 / 2
            eventually(all_onboarded)
        assert queue(served, "train") == {"name": "train", **UNSET}

    @pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
    def test_a_pause_lets_what_runs_go_on(self, served: User) -> None:
        with served.running(*cheap_worker("default,train")):
            onboard(served, 2, seconds=2)
            (running,) = eventually(lambda: trainings("running"), 60)
            served.run("queues", "pause", "train")
            (trained,) = eventually(lambda: trainings("success"))
            assert (trained.id, trained.token) == (running.id, 1)
            assert (trained.attempts, trained.crashes) == (0, 0)
            eventually(lambda: any(job.stage == "assess_quality" for job in jobs.jobs()))
            (waiting,) = trainings("pending")
            assert waiting.token == 0

    @pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
    def test_a_limit_of_one_lets_two_workers_run_one_training_after_the_other(
        self, served: User
    ) -> None:
        served.run("queues", "limit", "train", "1")
        with ExitStack() as workers:
            workers.enter_context(served.running(*cheap_worker("default")))
            onboard(served, 6, seconds=0.3)
            eventually(lambda: len(trainings("pending")) == 6, 60)
            for _ in range(2):
                workers.enter_context(served.running(*cheap_worker("train")))
            eventually(lambda: len(trainings("success")) == 6, 60)
            eventually(all_onboarded)
        trained = sorted(trainings("success"), key=lambda job: job.started_at or 0)
        assert [job.token for job in trained] == [1] * 6
        gaps = [
            (following.started_at or 0) - (training.completed_at or 0)
            for training, following in pairwise(trained)
        ]
        assert min(gaps) >= 0
        assert median(gaps) < SOON_MS
