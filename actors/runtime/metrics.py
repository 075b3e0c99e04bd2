"""A worker's Prometheus metrics, served if a setting gives an address."""

from __future__ import annotations

import errno

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from errors import SettingsError
from storage.ledger.queues import QueueState
from storage.settings import PREFIX

#: Workers of one host share a setting: each takes the first free port from there on.
MOST_WORKERS = 100

JOBS = Counter("fleetforge_jobs", "Jobs that ended on this worker.", ["stage", "status"])
JOB_SECONDS = Histogram(
    "fleetforge_job_seconds",
    "Time that jobs ran, by stage.",
    ["stage"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600),
)
RESCUES = Counter("fleetforge_rescues", "Jobs taken back from workers that fell silent.")
REFUSED = Counter("fleetforge_refused_completions", "Outcomes refused because the lease was lost.")
QUEUE_DUE = Gauge("fleetforge_queue_due", "Jobs that could run now.", ["queue"])
QUEUE_RUNNING = Gauge("fleetforge_queue_running", "Jobs that run, on all hosts.", ["queue"])
QUEUE_AGE = Gauge("fleetforge_queue_age_seconds", "Wait of the job that waits longest.", ["queue"])


def serve(address: str) -> None:
    """Serve `/metrics` at `host:port`, or at the next free port.

    Raises:
        SettingsError: The address cannot be served.
    """
    host, _, first = address.rpartition(":")
    for port in range(int(first), min(int(first) + MOST_WORKERS, 2**16)):
        try:
            start_http_server(port, host)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            raise SettingsError(f"{PREFIX}METRICS: {address}: {error.strerror}") from None
        structlog.get_logger().info("metrics", address=f"http://{host}:{port}/metrics")
        return
    raise SettingsError(f"{PREFIX}METRICS: {address}: no free port from there on")


def show_queues(queues: dict[str, QueueState], now: int) -> None:
    """Update the gauges.

    Args:
        queues: The state of each queue.
        now: The database's clock, ms.
    """
    for gauge in (QUEUE_DUE, QUEUE_RUNNING, QUEUE_AGE):
        gauge.clear()
    for name, queue in queues.items():
        QUEUE_DUE.labels(name).set(queue.due)
        QUEUE_RUNNING.labels(name).set(queue.running)
        oldest = now if queue.oldest_due_at is None else queue.oldest_due_at
        QUEUE_AGE.labels(name).set((now - oldest) / 1000)
