"""`fleetforge queues`: what an operator sets holds for every worker, at once."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fleet import PROFILE
from storage.database import database, open_database
from storage.ledger import workers
from storage.queries import jobs, machines
from storage.queries.jobs import JobRow
from storage.settings import Settings
from tests.acceptance.conftest import User
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]

UNSET = {
    "paused_at": None,
    "concurrency": None,
    "priority": 0,
    "changed_at": None,
    "changed_by": None,
    "due": 0,
    "running": 0,
    "oldest_due_at": None,
}


def cheap_worker(queues: str, module: str = "benchmarks.cheap_worker") -> tuple[str, ...]:
    """The command of a real worker whose stages are cheap."""
    return sys.executable, "-m", module, queues


def queue(user: User, name: str) -> dict[str, Any]:
    """One queue as the list has it."""
    return next(one for one in user.json("queues") if one["name"] == name)


def settings_of(queue: dict[str, Any]) -> dict[str, Any]:
    """What can be set of it."""
    return {name: queue[name] for name in ("paused_at", "concurrency", "priority")}


class TestSetting:
    def test_with_nothing_set_every_queue_is_shown_open(self, user: User) -> None:
        assert user.json("queues") == [
            {"name": "default", **UNSET},
            {"name": "predictor", **UNSET, "priority": -1},
            {"name": "telemetry", **UNSET, "priority": 1},
            {"name": "train", **UNSET},
        ]
        head, *lines = user.run("queues").stdout.splitlines()
        columns = "NAME STATE LIMIT PRIORITY DUE RUNNING OLDEST CHANGED"
        assert head.split() == columns.split()
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
        assert train == {"name": "train", **UNSET} | {
            "paused_at": train["paused_at"],
            "concurrency": 2,
            "priority": -5,
            "changed_at": train["changed_at"],
            "changed_by": "cli",
        }
        for at in ("paused_at", "changed_at"):
            assert abs(time.time() * 1000 - train[at]) < 60_000
        _, default, _, _, line = user.run("queues").stdout.splitlines()
        assert line.startswith("train      paused since 20")
        assert line.split()[-8:-4] == ["2", "-5", "0", "0"]
        assert line.endswith(" by cli")
        assert default.split()[1:4] == ["open", "none", "0"]
        for arguments, said in (
            (("resume", "train"), "train: open"),
            (("limit", "train", "none"), "train: limit none"),
            (("prefer", "train", "0"), "train: priority 0"),
        ):
            assert user.run("queues", *arguments).stdout == f"{said}\n"
        assert settings_of(queue(user, "train")) == settings_of(UNSET)

    def test_settings_are_printed_as_json_too(self, user: User) -> None:
        paused = user.json("queues", "pause", "train")
        assert (paused["name"], paused["changed_by"]) == ("train", "cli")
        assert paused["paused_at"] is not None
        for arguments, limit, priority in (
            (("resume", "train"), None, 0),
            (("limit", "train", "3"), 3, 0),
            (("prefer", "train", "7"), 3, 7),
            (("limit", "train", "none"), None, 7),
        ):
            set_to = {"paused_at": None, "concurrency": limit, "priority": priority}
            assert settings_of(user.json("queues", *arguments)) == set_to

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


def one_round_passes() -> None:
    """The steward of the one worker begins another round: each begins with a heartbeat."""
    (before,) = workers.alive()
    eventually(lambda: [now for now in workers.alive() if now.seen_at > before.seen_at])


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
            for _ in range(2):
                one_round_passes()
            waiting = trainings("pending")
            assert [(job.token, job.dispatched_at) for job in waiting] == [(0, None)] * 2
            train = queue(served, "train")
            assert (train["due"], train["running"]) == (2, 0)
            assert train["oldest_due_at"] == min(job.due_at for job in waiting)
            assert " waits " in served.run("queues").stdout.splitlines()[-1]
            assert served.json("workers")[0]["state"] == "idle"
            served.run("queues", "resume", "train")
            # The command that opens the queue sends its jobs.
            assert all(job.dispatched_at for job in trainings("pending"))
            eventually(lambda: len(trainings("success")) == 2)
            eventually(all_onboarded)
        assert settings_of(queue(served, "train")) == settings_of(UNSET)

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
        """The end of a training starts the next one: the stewards of these workers would not."""
        served.run("queues", "limit", "train", "1")
        patient = "tests.acceptance.patient_worker"
        with ExitStack() as crew:
            crew.enter_context(served.running(*cheap_worker("default", patient)))
            onboard(served, 6, seconds=0.3)
            eventually(lambda: len(trainings("pending")) == 6, 60)
            for _ in range(2):
                crew.enter_context(served.running(*cheap_worker("train", patient)))
            eventually(lambda: len(trainings("success")) == 6, 60)
            eventually(all_onboarded)
        trained = sorted(trainings("success"), key=lambda job: job.started_at or 0)
        assert [job.token for job in trained] == [1] * 6
        for training, following in pairwise(trained):
            assert (training.completed_at or 0) <= (following.started_at or 0)
