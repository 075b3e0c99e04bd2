"""Clearing up with the real command, next to a real worker."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fleet import PROFILE
from tests.acceptance.conftest import COMMAND, User
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
MACHINE = "pump_1"


def job_of(user: User, stage: str) -> dict[str, Any]:
    """The newest job of a stage; empty if there is none."""
    jobs = [job for job in user.json("jobs") if job["stage"] == stage]
    return dict(max(jobs, key=lambda job: job["id"])) if jobs else {}


def seeded(user: User) -> None:
    """A machine with its seed, whose training waits for a worker.

    With the stages of `benchmarks.cheap_stages` the training holds still for an hour.
    """
    profile = PROFILE | {"machine_id": MACHINE, "description": json.dumps({"seconds": 3600})}
    (user.folder / f"{MACHINE}.json").write_text(json.dumps(profile))
    user.run("onboard", f"{MACHINE}.json", "--rows", "1000")
    with user.running(COMMAND, "worker", "--queues", "default"):
        eventually(lambda: job_of(user, "train_tvae"), 120)


def files(home: Path) -> list[tuple[str, int]]:
    """Everything below a home, but for the ledger's own files."""
    return sorted(
        (str(path), path.lstat().st_mtime_ns)
        for path in home.rglob("*")
        if not path.name.startswith("ledger.sqlite3") and path != home
    )


def test_what_a_killed_worker_left_goes_once_its_attempt_has_ended(
    user: User, redis_url: str
) -> None:
    user.environment |= {"FLEETFORGE_REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}
    seeded(user)
    with user.running(sys.executable, "-m", "benchmarks.cheap_worker", "train") as worker:
        job = eventually(lambda: (job := job_of(user, "train_tvae"))["message"] and job, 120)
        left = f".staged/{MACHINE}/{job['id']}.{job['token']}"
        assert user.run("gc").stdout == "nothing to remove\n"
        assert (user.home / left).is_dir()
        worker.kill()
        worker.wait()
    (user.home / left / "half.pkl").write_bytes(b"x" * 1500)
    assert user.json("gc")["attempts"] == []  # Its lease has not ended.
    user.run("jobs", "cancel", str(job["id"]))

    before = files(user.home)
    would = user.json("gc", "--dry-run")
    assert (would["dry_run"], would["attempts"]) == (True, [{"key": left, "bytes": 1500}])
    said = user.run("gc", "--dry-run").stdout.splitlines()
    assert said == [
        "would remove 1 staged folders of ended attempts, 2 kB",
        "would remove 2 kB in total",
    ]
    assert files(user.home) == before

    assert user.run("gc").stdout.splitlines()[0] == said[0].replace("would remove", "removed")
    assert not (user.home / left).exists()
    assert (user.home / f"GAN/seed_data/temporal/{MACHINE}_temporal_seed.parquet").exists()
    assert user.run("gc").stdout == "nothing to remove\n"


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_at_least_one_model_is_kept(user: User, number: str) -> None:
    assert "--keep-models" in user.run("gc", "--keep-models", number, exit_code=2).stderr


def test_a_ledger_that_is_not_the_files_own_is_one_clear_line(user: User) -> None:
    (user.home / ".staged" / MACHINE / "7.1").mkdir(parents=True)
    done = user.run("gc", exit_code=2)
    assert done.stderr.startswith("error: ")
    assert "this ledger never had such a job" in done.stderr
    assert (user.home / ".staged" / MACHINE / "7.1").is_dir()


def test_a_bucket_that_is_away_is_one_clear_line(user: User) -> None:
    user.environment |= {
        "FLEETFORGE_ARTIFACTS": "s3://fleet?endpoint_override=127.0.0.1:1&scheme=http&region=x",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    done = user.run("gc", exit_code=1)
    assert done.stderr.startswith("error: s3://fleet: ")
    assert len(done.stderr.splitlines()) == 1
