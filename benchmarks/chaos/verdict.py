"""The verdict on a chaos run: broken guarantees, and metrics."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.chaos.storm import Kill
from storage.artifacts.store import STAGING
from storage.database import execute, reading
from storage.queries import machines as machine_queries
from storage.status import MachineStatus

#: The events of a machine, each once, in this order.
CHAIN = (
    "MachineCreated",
    "SeedReady",
    "ModelTrained",
    "SyntheticDataReady",
    "MachineOnboarded",
    "PredictorTrained",
)


def broken_promises(root: Path, machines: Sequence[str], logs: list[dict[str, Any]]) -> list[str]:
    """The broken guarantees, one line each."""
    with reading():
        return [
            *_not_onboarded(machines),
            *_not_exactly_once(machines),
            *_completed_twice(logs),
            *_wrong_files(root),
        ]


def _not_onboarded(machines: Sequence[str]) -> Iterator[str]:
    states = {one.machine_id: one for one in machine_queries.machines()}
    for machine in machines:
        if machine not in states:
            yield f"{machine} is lost"
        elif states[machine].status is not MachineStatus.ONBOARDED:
            yield f"{machine} is {states[machine].status}: {states[machine].error_message}"


def _not_exactly_once(machines: Sequence[str]) -> Iterator[str]:
    for event_id, stage, jobs, done in execute(_JOBS_OF_EVENTS):
        if jobs != 1 or done != 1:
            yield f"event {event_id}, {stage}: {jobs} jobs, {done} completed"
    published: dict[str, list[str]] = {machine: [] for machine in machines}
    for machine, event_type in execute("SELECT machine_id, type FROM events ORDER BY id"):
        published[machine].append(event_type)
    for machine, events in published.items():
        if tuple(events) != CHAIN:
            yield f"{machine}: its events are {', '.join(events)}"


def _completed_twice(logs: list[dict[str, Any]]) -> Iterator[str]:
    finished = Counter(line["job"] for line in logs if line["event"] == "finished")
    for job, times in finished.items():
        if times > 1:
            yield f"job {job} was completed {times} times"


def _wrong_files(root: Path) -> Iterator[str]:
    expected = {}
    for key, staged_key, sha256 in execute(_ARTIFACTS):
        expected[key] = sha256
        if _sha256(root / staged_key) != sha256:
            yield f"{staged_key}: its bytes are not the ledger's"
    published = [path for path in (root / "GAN").rglob("*") if path.is_file()]
    for path in published:
        key = path.relative_to(root).as_posix()
        if key not in expected:
            yield f"{key}: no row has this file"
        elif _sha256(path) != expected.pop(key):
            yield f"{key}: its bytes are not the ledger's"
    for key in expected:
        yield f"{key}: not in place"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"


def read_logs(folder: Path) -> list[dict[str, Any]]:
    """All JSON lines of the workers' logs, in the order of time."""
    lines = [
        json.loads(line)
        for path in folder.iterdir()
        for line in path.read_text().splitlines()
        if line.startswith("{")
    ]
    return sorted(lines, key=lambda line: str(line["timestamp"]))


@dataclass(frozen=True)
class Latency:
    """Times from a kill to the job's next start, seconds."""

    count: int
    p50: float
    p99: float
    max: float


def rescue_latency(kills: Iterable[Kill], kind: str, logs: list[dict[str, Any]]) -> Latency | None:
    """Times from a kill to the first line of the job's next attempt, on any worker.

    Kills of jobs that had ended just before are not counted.
    """
    starts: dict[int, list[tuple[int, float]]] = {}
    for line in logs:
        if line["event"] == "started":
            moment = datetime.fromisoformat(line["timestamp"]).timestamp()
            starts.setdefault(line["job"], []).append((line["token"], moment))
    waits = sorted(
        min(after) - kill.at
        for kill in kills
        if kill.kind == kind
        and (after := [at for token, at in starts.get(kill.job_id, []) if token > kill.token])
    )
    if not waits:
        return None
    return Latency(len(waits), quantile(waits, 0.5), quantile(waits, 0.99), waits[-1])


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which a share of sorted values lies, by nearest rank."""
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def staged_leftovers(root: Path) -> int:
    """The number of attempts' folders that `fleetforge gc` would remove."""
    with reading():
        kept = {Path(key).parts[:3] for _, key, _ in execute(_ARTIFACTS)}
    folders = [path.relative_to(root).parts for path in (root / STAGING).glob("*/*.*")]
    return len([folder for folder in folders if folder not in kept])


_JOBS_OF_EVENTS = """
SELECT event_id, stage, COUNT(*), SUM(CASE status WHEN 'success' THEN 1 ELSE 0 END)
FROM jobs GROUP BY event_id, stage
"""

_ARTIFACTS = "SELECT key, staged_key, sha256 FROM artifacts ORDER BY id"
