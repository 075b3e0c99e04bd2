"""Prints how many seconds Celery takes for so many chains of four tasks and their results."""

from __future__ import annotations

import sys
import time

from benchmarks.peers.celery_app import four_steps


def main() -> None:
    """Run one chain until the workers are up, then those that count."""
    four_steps("first").get(timeout=60)
    began = time.monotonic()
    results = [four_steps(f"machine_{number:05}") for number in range(int(sys.argv[1]))]
    for result in results:
        result.get(interval=0.01)
    print(time.monotonic() - began)  # noqa: T201


if __name__ == "__main__":
    main()
