"""Clearing up with the real command, next to a real worker."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.fleet import PROFILE
from events.bus import new_event
from events.vocabulary import SeedReady
from GAN.layout import seed_key
from storage.artifacts import publishing
from storage.artifacts.registry import of_job
from storage.artifacts.store import LocalStore, staging_prefix
from storage.ledger import claims, leases
from storage.queries import jobs
from tests.acceptance.conftest import User
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
MACHINE = "pump_1"
SEED = seed_key(MACHINE)


def seeded(user: User) -> None:
    """A machine with its seed, as a worker leaves it; its training waits for one.

    With the stages of `benchmarks.cheap_stages` the training holds still for an hour.
    """
    profile = PROFILE | {"machine_id": MACHINE, "description": json.dumps({"seconds": 3600})}
    (user.folder / f"{MACHINE}.json").write_text(json.dumps(profile))
    user.run("onboard", f"{MACHINE}.json", "--rows", "1000")
    store = LocalStore(user.home)
    with user.ledger():
        (job,) = jobs.jobs()
        claim = claims.claim(job.id, "worker-1", 30)
        assert claim is not None
        prefix = staging_prefix(MACHINE, claim.job_id, claim.token)
        workspace = store.workspace(prefix)
        (workspace / SEED).parent.mkdir(parents=True)
        (workspace / SEED).write_bytes(b"seed")
        made = new_event(SeedReady(machine_id=MACHINE, seed_key=SEED), claim.correlation_id)
        leases.complete(claim, made, store.stage(workspace, prefix))
        publishing.put_in_place(store, of_job(job.id))


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
        with user.ledger():
            job = eventually(lambda: (job := jobs.jobs()[0]).message and job)
        left = f".staged/{MACHINE}/{job.id}.{job.token}"
        assert user.run("gc").stdout == "nothing to remove\n"
        assert (user.home / left).is_dir()
        worker.kill()
        worker.wait()
    (user.home / left / "half.pkl").write_bytes(b"x" * 1500)
    assert user.json("gc")["attempts"] == []  # Its lease has not ended.
    user.run("jobs", "cancel", str(job.id))

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
    assert (user.home / SEED).read_bytes() == b"seed"
    assert user.run("gc").stdout == "nothing to remove\n"


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_at_least_one_model_is_kept(user: User, number: str) -> None:
    assert "--keep-models" in user.run("gc", "--keep-models", number, exit_code=2).stderr


def test_a_ledger_that_is_not_the_files_own_is_one_clear_line(settled: User) -> None:
    (settled.home / ".staged" / MACHINE / "7.1").mkdir(parents=True)
    done = settled.run("gc", exit_code=2)
    assert done.stderr.startswith("error: ")
    assert "this ledger never had such a job" in done.stderr
    assert (settled.home / ".staged" / MACHINE / "7.1").is_dir()


def test_a_bucket_that_is_away_is_one_clear_line(settled: User) -> None:
    settled.environment |= {
        "FLEETFORGE_ARTIFACTS": "s3://fleet?endpoint_override=127.0.0.1:1&scheme=http&region=x",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    done = settled.run("gc", exit_code=1)
    assert done.stderr.startswith("error: s3://fleet: ")
    assert len(done.stderr.splitlines()) == 1
