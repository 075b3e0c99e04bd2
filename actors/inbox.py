"""Watched folders: each file in them is taken in; a bad one gets a file with the reasons."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
import watchfiles

from errors import InvalidInput, LedgerUnavailable, Problem
from GAN.profiles.loading import is_profile_name

#: A file that has not changed for this long is complete, seconds.
SETTLED_SECONDS = 1.0
_LOOK_MS = 250

Stamp = tuple[int, int]


@dataclass
class Folder:
    """Takes in every file in a folder.

    Attributes:
        submit: Takes in one file; raises `InvalidInput` for a bad one. It returns what is wrong
            with parts of a file that was taken in.
        accepts: Whether a file is one of those to take in.
    """

    path: Path
    submit: Callable[[Path], Sequence[Problem]]
    accepts: Callable[[Path], bool] = is_profile_name
    _unsettled: dict[Path, tuple[Stamp, float]] = field(default_factory=dict)
    _done: dict[Path, Stamp] = field(default_factory=dict)
    _waiting: set[Path] = field(default_factory=set)

    def watch(self, stopping: threading.Event) -> None:
        """Take in the files that are there, and later ones, until `stopping` is set."""
        self.path.mkdir(parents=True, exist_ok=True)
        # watchfiles reports a change at once, but not when its writer is done. So it only wakes
        # this loop, and a file is read once it has not changed for a while.
        wakes = watchfiles.watch(
            self.path,
            stop_event=stopping,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            recursive=False,
            raise_interrupt=False,
        )
        self.look()
        for _changes in wakes:
            self.look()

    def look(self) -> None:
        """Check every file of the folder once."""
        now = time.monotonic()
        present = {path: _stamp(path) for path in self.path.iterdir() if self.accepts(path)}
        for path, stamp in present.items():
            if stamp is None or self._done.get(path) == stamp:
                continue
            seen, since = self._unsettled.get(path, (None, now))
            if seen != stamp:
                self._unsettled[path] = (stamp, now)
            elif now - since >= SETTLED_SECONDS:
                self._take(path, stamp)
        for path in [path for path in self._done if path not in present]:
            del self._done[path]

    def _take(self, path: Path, stamp: Stamp) -> None:
        log = structlog.get_logger().bind(file=path.name)
        complaint = path.with_name(f"{path.name}.error")
        try:
            problems = self.submit(path)
        except InvalidInput as error:
            _complain(complaint, error.problems)
            log.warning("rejected", problems=len(error.problems), see=complaint.name)
        except LedgerUnavailable as error:
            if path not in self._waiting:  # Once, and not four times a second.
                log.warning("waiting", reason=str(error))
                self._waiting.add(path)
            return
        else:
            if problems:
                _complain(complaint, problems)
                log.warning("taken in part", problems=len(problems), see=complaint.name)
            else:
                complaint.unlink(missing_ok=True)
                log.info("taken in")
        self._done[path] = stamp
        self._waiting.discard(path)
        self._unsettled.pop(path, None)


def _complain(complaint: Path, problems: Sequence[Problem]) -> None:
    complaint.write_text("".join(f"{problem}\n" for problem in problems))


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size
