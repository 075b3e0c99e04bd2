"""What became of the readings: counted, and logged at most once a minute for each reason."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

import structlog

from errors import Problem
from events.telemetry import Taken

REPORT_SECONDS = 60.0
#: How many reasons a minute are logged; all refused rows are counted.
MOST_REASONS = 20


class Tally:
    """Counts readings, and logs the counts."""

    def __init__(self) -> None:
        self.rows = Counter[str]()
        self._reasons = set[str]()
        self._began = time.monotonic()
        self._log = structlog.get_logger()

    def took(self, taken: Taken) -> None:
        """Count the rows of a batch that was taken in."""
        self.rows.update(taken=taken.taken, known=taken.known, late=taken.late)
        self.rows.update(refused=taken.refused)
        self._warn(taken.problems)

    def refused(self, problems: Iterable[Problem], rows: int = 1) -> None:
        """Count rows or messages that were refused."""
        self.rows.update(refused=rows)
        self._warn(problems)

    def report(self, *, now: bool = False) -> None:
        """Log what came since the last report, once a minute; with `now`, at once."""
        if not now and time.monotonic() - self._began < REPORT_SECONDS:
            return
        if self.rows.total():
            self._log.info("readings", **self.rows)
        self.rows.clear()
        self._reasons.clear()
        self._began = time.monotonic()

    def _warn(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            if problem.message not in self._reasons and len(self._reasons) < MOST_REASONS:
                self._reasons.add(problem.message)
                self._log.warning("problem", first=str(problem))
