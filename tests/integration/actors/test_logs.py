"""Every log line about a job names the job, from all processes of its worker."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from events.bus import Send
from storage.queries import jobs
from storage.settings import Settings
from tests.integration.actors.logged_worker import LoggedWorker, environment, logged_worker, send_to
from tests.integration.actors.noisy_stages import NOISE
from tests.integration.conftest import add_event, add_machine
from tests.waiting import eventually

NOISY = ("-c", "from tests.integration.actors import noisy_stages; noisy_stages.main()")


def of_a_job(worker: LoggedWorker, send: Send, how_it_ends: str, last: str) -> list[str]:
    """All that a worker logs of a noisy job, from when it is ready to the job's last line.

    The job's process may write before the worker does: it is at work when `started` is logged.
    """

    def logged(event: str) -> list[int]:
        return [number for number, line in enumerate(worker.lines()) if event in line]

    (ready,) = eventually(lambda: logged("worker ready"))
    add_machine(description=how_it_ends)
    send(add_event(stages=["generate_seed"]).jobs)
    (end, *_) = eventually(lambda: logged(last))
    return worker.lines()[ready + 1 : end + 1]


@pytest.mark.parametrize(
    ("settings", "how_it_ends", "end", "its_own"),
    [
        ("sqlite", "", "finished", {"started"}),
        ("postgresql", "raise", "failed", {"started", "attempt failed", "traceback"}),
        ("sqlite", "die", "crashed", {"started", "child died"}),
    ],
    indirect=["settings"],
    ids=["finished", "failed", "crashed"],
)
def test_every_line_of_a_job_is_json_and_says_whose_it_is(
    ledger: Settings, redis_url: str, how_it_ends: str, end: str, its_own: set[str]
) -> None:
    with logged_worker(environment(ledger, redis_url), *NOISY) as worker:
        lines = of_a_job(worker, send_to(ledger, redis_url), how_it_ends, f'"event": "{end}"')
        assert worker.output.read_text() == ""
    job = jobs.jobs()[-1]
    entries = [json.loads(line) for line in lines]
    noise = NOISE - {"printed without an end"} if how_it_ends == "die" else NOISE
    assert {entry["event"] for entry in entries} == noise | its_own | {end}
    about = {
        "job": job.id,
        "token": 1,
        "machine": "pump_1",
        "stage": "generate_seed",
        "event_id": job.event_id,
        "correlation": "c" * 32,
    }
    for entry in entries:
        assert {name: entry.get(name) for name in about} == about, entry
        assert {"timestamp", "level"} <= entry.keys()
    _assert_what_they_tell({entry["event"]: entry for entry in entries})


def _assert_what_they_tell(said: dict[str, dict[str, Any]]) -> None:
    assert said["warned"]["category"] == "UserWarning"
    assert "noisy_stages.py" in said["warned"]["place"]
    assert said["structured"]["number"] == 1
    assert "ValueError: handled" in said["caught"]["exception"]
    assert "no solution found" in said["uncaught"]["exception"]
    if "traceback" in said:
        assert "RuntimeError: no solution" in said["traceback"]["traceback"]


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_as_text_they_say_so_too(ledger: Settings, redis_url: str) -> None:
    with logged_worker(environment(ledger, redis_url, LOG_JSON="false"), *NOISY) as worker:
        lines = of_a_job(worker, send_to(ledger, redis_url), "", "] finished")
    job_id = jobs.jobs()[-1].id
    for event in NOISE:
        (line,) = [line for line in lines if re.search(rf"\] {event} \w+=", line)]
        assert f"job={job_id} machine=pump_1" in line
    assert "ValueError: handled" in lines


def test_lines_that_several_threads_write_at_once_stay_whole() -> None:
    code = """
import logging, sys, threading, structlog
from actors.runtime.log import set_up_logging

sys.setswitchinterval(1e-6)
set_up_logging(as_json=True)

def write(log):
    for _ in range(500):
        log("line")

logs = [structlog.get_logger().info, logging.getLogger("library").warning] * 2
threads = [threading.Thread(target=write, args=(log,)) for log in logs]
for thread in threads:
    thread.start()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events == ["line"] * 2000
