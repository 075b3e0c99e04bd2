"""Pausing a worker on which attempts fail one after the other."""

from __future__ import annotations

from actors.runtime.stage_process import Failed, Message, Postponed

#: Longest pause, seconds.
LONGEST_PAUSE_SECONDS = 30.0


class BackOff:
    """Leaves work to other workers while attempts fail here, for example because of a full disk.

    A worker that fails fast would otherwise be the first to take each job.
    """

    def __init__(self) -> None:
        self._failures = 0

    def note(self, outcome: Message) -> None:
        """Count the outcome of an attempt."""
        self._failures = self._failures + 1 if _may_be_the_workers_fault(outcome) else 0

    @property
    def seconds(self) -> float:
        """Pause before the next job: 1, 2, 4, … 30 s from the second failure in a row on."""
        if self._failures < 2:
            return 0.0
        return min(LONGEST_PAUSE_SECONDS, 2.0 ** (self._failures - 2))


def _may_be_the_workers_fault(outcome: Message) -> bool:
    return isinstance(outcome, Postponed) or (isinstance(outcome, Failed) and outcome.retryable)
