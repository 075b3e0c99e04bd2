"""What an operator does by command: look at workers, retry all that failed, replay an event."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import apsw
import pytest

from benchmarks.fleet import PROFILE
from events.vocabulary import StageFailed
from storage.database import after, transaction
from storage.ledger import claims, leases
from storage.queries import events, jobs, machines, workers
from storage.queries.events import EventRow
from storage.tables import Worker
from tests.acceptance.conftest import User
from tests.integration.conftest import record
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
PUMPS = ("pump_grundfos_cr3_004", "pump_ksb_etanorm_006")


def fail_every_job(user: User) -> list[int]:
    """Let every pending job fail for good, as a worker would; their ids."""
    failed = []
    with user.ledger():
        for job in jobs.jobs(status="pending"):
            claim = claims.claim(job.id, "worker-1", 30)
            assert claim is not None
            event = StageFailed(machine_id=claim.machine_id, stage=claim.stage, reason="boom")
            fact = record("StageFailed", claim.machine_id, event.payload(), claim.correlation_id)
            leases.fail(claim, "boom", fact, retryable=False)
            failed.append(job.id)
    return failed


def test_all_failed_jobs_can_be_retried_at_once_or_those_of_one_machine(user: User) -> None:
    user.run("onboard", *PUMPS)
    assert "no failed job" in user.run("jobs", "retry", "--failed", exit_code=1).stdout
    first, second = sorted(fail_every_job(user))
    retry = ("jobs", "retry", "--failed")
    assert user.json(*retry, "--machine", PUMPS[0]) == {"jobs": [first]}
    said = user.run(*retry, "--machine", PUMPS[0], exit_code=1).stdout
    assert said == f"{PUMPS[0]}: no failed job\n"
    assert user.run(*retry).stdout == f"job {second}: pending again\n"
    assert user.json(*retry, exit_code=1) == {"jobs": []}
    assert {one["status"] for one in user.json("status")} == {"pending"}
    fail_every_job(user)
    assert user.run(*retry).stdout == f"jobs {first}, {second}: pending again\n"
    assert "no machine 'typo'" in user.run(*retry, "--machine", "typo", exit_code=1).stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ("jobs", "retry"),
        ("jobs", "retry", "1", "--failed"),
        ("jobs", "retry", "1", "--machine", PUMPS[0]),
        ("jobs", "retry", "--machine", PUMPS[0]),
        ("jobs", "--machine", PUMPS[0], "retry", "--failed"),
    ],
)
def test_a_retry_that_does_not_say_which_jobs_retries_none(
    user: User, wrong: tuple[str, ...]
) -> None:
    user.run("onboard", *PUMPS)
    fail_every_job(user)
    (line,) = user.run(*wrong, exit_code=2).stderr.splitlines()
    assert line.startswith("error: jobs")
    assert "write" in line
    assert len(user.json("jobs", "--status", "failed")) == 2


def test_a_job_whose_worker_was_killed_is_stale_and_not_running(user: User, redis_url: str) -> None:
    user.environment |= {
        "FLEETFORGE_REDIS_URL": redis_url,
        "FLEETFORGE_LEASE_SECONDS": "2",
        "PYTHONPATH": str(ROOT),
    }
    still = PROFILE | {"machine_id": "pump_1", "description": json.dumps({"seconds": 3600})}
    (user.folder / "pump_1.json").write_text(json.dumps(still))
    user.run("db", "upgrade")
    said = user.run("workers").stdout
    assert said == "no worker is alive; start one: fleetforge up\n"
    assert user.json("workers") == []
    with user.running(sys.executable, "-m", "benchmarks.cheap_worker", "default,train") as process:
        with user.ledger():
            eventually(lambda: [one for one in workers.roster() if one.ready_at is not None])
        (idle,) = user.json("workers")
        assert idle["state"] == "idle"
        assert (idle["pid"], idle["jobs"]) == (process.pid, [])
        assert idle["queues"] == ["default", "train"]
        assert "idle" in user.run("workers").stdout
        user.run("onboard", "pump_1.json")
        with user.ledger():
            eventually(lambda: jobs.jobs(status="running"))
        (busy,) = user.json("workers")
        (held,) = busy["jobs"]
        assert (busy["state"], held["machine_id"]) == ("running", "pump_1")
        assert held["stage"] == "generate_seed"
        assert user.json("status")[0]["status"] == "running"
        _, line = user.run("workers").stdout.splitlines()
        assert all(
            said in line for said in ("running", "generate_seed", "pump_1", str(process.pid))
        )
        process.kill()
        process.wait()
    with user.ledger():
        eventually(lambda: machines.machine("pump_1").status == "stale")
    assert user.json("status")[0]["status"] == "stale"
    (job,) = user.json("jobs", "--status", "stale")
    assert (job["status"], job["stage"]) == ("stale", "generate_seed")
    assert user.json("jobs", "--status", "running") == []
    assert user.json("machines", "show", "pump_1")["status"] == "stale"
    for command in (("status",), ("machines", "list"), ("machines", "show", "pump_1"), ("jobs",)):
        said = user.run(*command).stdout
        assert "stale" in said
        assert "running" not in said
    with user.ledger(), transaction():  # Time passes.
        Worker.update(seen_at=after(-40)).execute()
    (gone,) = user.json("workers")
    assert gone["alive"] is False
    assert gone["state"].startswith("silent for ")
    assert [held["id"] for held in gone["jobs"]] == [job["id"]]
    _, line = user.run("workers").stdout.splitlines()
    assert "silent for" in line
    assert "generate_seed" in line


def test_a_replay_says_what_it_will_run_and_a_dry_one_writes_nothing(user: User) -> None:
    user.run("onboard", PUMPS[0], "--rows", "2000")
    (past,) = user.json("events")
    plan = user.run("replay", "--from", str(past["id"]), "--dry-run").stdout
    assert plan == (
        f"MachineCreated #{past['id']} of {PUMPS[0]} runs generate_seed\n"
        "  then train_tvae, generate_synthetic, assess_quality, train_predictor\n"
    )
    dry = user.json("replay", "--from", str(past["id"]), "--dry-run")
    runs = {
        "replayed": past["id"],
        "runs": ["generate_seed"],
        "then": ["train_tvae", "generate_synthetic", "assess_quality", "train_predictor"],
    }
    assert dry == {"event_id": None, "jobs": [], **runs}
    assert len(user.json("events")) == len(user.json("jobs")) == 1
    said = user.run("replay", "--from", str(past["id"])).stdout
    (_, twin), (job, _) = user.json("events"), user.json("jobs")
    assert said == f"{plan}MachineCreated #{twin['id']} published; jobs [{job['id']}]\n"
    assert twin["payload"] == past["payload"]
    assert twin["causation_id"] == past["id"]
    assert twin["correlation_id"] != past["correlation_id"]
    assert (job["event_id"], job["stage"]) == (twin["id"], "generate_seed")
    again = user.json("replay", "--from", str(past["id"]))
    assert again == {"event_id": twin["id"] + 1, "jobs": [job["id"] + 1], **runs}


def test_an_event_that_cannot_be_replayed_is_refused_and_nothing_is_written(user: User) -> None:
    user.run("onboard", *PUMPS)
    absent = user.run("replay", "--from", "99", exit_code=1)
    assert absent.stderr == "error: no event 99; see: fleetforge events\n"
    rows = apsw.Connection(str(user.home / "ledger.sqlite3"))
    rows.execute(
        "INSERT INTO events (type, machine_id, correlation_id, payload, effect, occurred_at) "
        "SELECT 'StageFailed', machine_id, correlation_id, '{}', 'fails', occurred_at "
        "FROM events ORDER BY id LIMIT 1"
    )
    rows.execute('UPDATE events SET payload = \'{"stage": "x", "reason": "y"}\' WHERE id = 3')
    rows.close()
    first, second, last = (event["id"] for event in user.json("events"))
    said = user.run("replay", "--from", str(last), exit_code=1).stdout
    assert said == f"StageFailed #{last} of {PUMPS[0]}: no stage reacts to it; nothing to replay\n"
    assert user.json("replay", "--from", str(last), exit_code=1)["event_id"] is None
    rows = apsw.Connection(str(user.home / "ledger.sqlite3"))
    rows.execute("UPDATE events SET type = 'PumpPainted' WHERE id = ?", (first,))
    rows.execute("UPDATE events SET payload = '{\"epochs\": 0}' WHERE id = ?", (second,))
    rows.close()
    unknown = user.run("replay", "--from", str(first), exit_code=2).stderr
    assert unknown.startswith(f"error: event {first}: this version knows no event 'PumpPainted'; ")
    unreadable = user.run("replay", "--from", str(second), "--dry-run", exit_code=2).stderr
    assert unreadable.startswith(f"error: event {second}: epochs: ")
    assert len(user.json("events")) == 3
    assert len(user.json("jobs")) == 2


def test_a_replayed_chain_runs_in_parallel_to_the_first_one(user: User, redis_url: str) -> None:
    user.environment |= {"FLEETFORGE_REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}
    (user.folder / "pump_1.json").write_text(json.dumps(PROFILE | {"machine_id": "pump_1"}))
    user.run("onboard", "pump_1.json")
    user.run("replay", "--from", str(user.json("events")[0]["id"]))
    created = user.json("events")

    with (
        user.running(sys.executable, "-m", "benchmarks.cheap_worker", "default"),
        user.ledger(),
    ):
        eventually(lambda: len(seeded()) == 2, 60)
    chains = {event["correlation_id"]: event["id"] for event in created}
    with user.ledger():
        assert {event.correlation_id: event.causation_id for event in seeded()} == chains


def seeded() -> list[EventRow]:
    return [event for event in events.events() if event.type == "SeedReady"]
