"""Sends tasks to a peer: `python -m benchmarks.peers.send dramatiq|celery`, a number a line."""

from __future__ import annotations

import sys


def main() -> None:
    """Send each number on standard input."""
    if sys.argv[1] == "dramatiq":
        from benchmarks.peers.dramatiq_app import first

        send = first.send
    else:
        from benchmarks.peers import celery_app

        send = celery_app.first.delay
    for line in sys.stdin:
        send(int(line))


if __name__ == "__main__":
    main()
