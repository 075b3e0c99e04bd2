"""Prints the seconds that Celery takes for a number of chains of four tasks with results."""

from __future__ import annotations

import sys
import time

from benchmarks.peers.celery_app import four_steps


def main() -> None:
    """Run one chain first, until the workers have started, then the measured ones."""
    four_steps("first").get(timeout=60)
    began = time.monotonic()
    results = [four_steps(f"machine_{number:05}") for number in range(int(sys.argv[1]))]
    for result in results:
        result.get(interval=0.01)
    print(time.monotonic() - began)  # noqa: T201


if __name__ == "__main__":
    main()
