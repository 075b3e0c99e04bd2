"""Time stamps from several processes, on the clock that they share."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

#: Folder to which processes write their time stamps; without it they write none.
TRACE = "BENCH_TRACE"


def trace(**note: Any) -> None:
    """Record a time stamp, nanoseconds: now, or `at`."""
    at = time.monotonic_ns()
    folder = os.environ.get(TRACE)
    if folder is not None:
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a") as file:
            file.write(f"{json.dumps({'at': at} | note)}\n")


def hops(folder: Path) -> dict[int, float]:
    """Job or hop → milliseconds from the hand-over to its first line."""
    began: dict[int, int] = {}
    arrived: dict[int, int] = {}
    for path in folder.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            note = json.loads(line)
            if "first_line" in note:
                arrived.setdefault(note["first_line"], note["at"])
            else:
                began[note["handed_over"]] = note["at"]
    return {hop: (arrived[hop] - at) / 1e6 for hop, at in began.items() if hop in arrived}
