"""The progress of an onboarding as one number, which never falls within a run.

Each stage counts for the time that it usually takes. A retraining goes back to an earlier stage; so
the first pass ends before 100 %, and each later pass has a part of what is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from functools import cache
from statistics import mean, median
from threading import Lock

from actors.stage import STAGES, Stage
from events.vocabulary import Event, Request
from storage.database import reading
from storage.ledger.chain_status import ONBOARDING
from storage.ledger.event_log import Effect
from storage.queries.durations import earlier_runs
from storage.queries.in_service import watching
from storage.queries.in_service.watching import Run
from storage.queries.machines import MachineState
from storage.status import MachineStatus

#: Where each pass ends, percent; the last one counts for all further passes.
PASSES = (95.0, 98.0, 99.0)

#: How long the usual durations are kept before they are read again, seconds.
_KEPT_SECONDS = 60.0


class ChainProgress:
    """The progress of the runs that are followed, for several threads at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._read_at = float("-inf")
        self._shares: list[float] = []
        self._highest: dict[str, tuple[int, float]] = {}

    def of(self, states: Collection[MachineState]) -> dict[str, tuple[Run, float]]:
        """The newest run of each machine that has one, and how far it is, percent.

        It is never less than before in the same run.
        """
        runs = watching.runs([state.machine_id for state in states])
        with self._lock:
            return {
                state.machine_id: (run, self._reached(state, run))
                for state in states
                if (run := runs.get(state.machine_id)) is not None
            }

    def forget(self, machine_id: str) -> None:
        """Forget a machine that was deleted."""
        with self._lock:
            self._highest.pop(machine_id, None)

    def _reached(self, state: MachineState, run: Run) -> float:
        if state.status is MachineStatus.ONBOARDED:
            reached = 100.0
        else:
            place = places().get(run.stage, 0)
            reached = passed(self._usual_shares(), place, run, state.progress)
        event_id, highest = self._highest.get(state.machine_id, (run.event_id, 0.0))
        if event_id == run.event_id:
            reached = max(reached, highest)
        self._highest[state.machine_id] = (run.event_id, reached)
        return round(reached, 1)

    def _usual_shares(self) -> list[float]:
        if self._clock() - self._read_at >= _KEPT_SECONDS:
            self._shares = shares(usual_seconds())
            self._read_at = self._clock()
        return self._shares


def passed(shares: list[float], place: int, run: Run, progress: int) -> float:
    """How far a run is, percent.

    Args:
        shares: Share of the time of each stage; they sum to 1.
        place: Which of them the present stage is.
        run: The run.
        progress: Of the present stage, percent.
    """
    done = sum(shares[:place]) + shares[place] * progress / 100
    number = min(max(run.attempt, 1), len(PASSES))
    begins = 0.0 if number == 1 else PASSES[number - 2]
    return begins + (PASSES[number - 1] - begins) * done


def shares(seconds: list[float | None]) -> list[float]:
    """Share of the time of each stage; one that never ran counts as much as the others do."""
    known = [each for each in seconds if each is not None]
    usual = mean(known) if known else 1.0
    filled = [usual if each is None else each for each in seconds]
    total = sum(filled) or 1.0
    return [each / total for each in filled]


def usual_seconds() -> list[float | None]:
    """Median seconds of the stages at each place; None of stages that never ran."""
    runs: dict[int, list[int]] = {place: [] for place in places().values()}
    with reading():
        for stage, place in places().items():
            runs[place] += earlier_runs(stage)
    return [median(found) / 1000 if (found := runs[place]) else None for place in sorted(runs)]


@cache
def places() -> dict[str, int]:
    """The place of each stage in the onboarding: 0 for those that begin it."""
    stages = [stage for stage in STAGES.values() if stage.chain == ONBOARDING]
    found: dict[str, int] = {}
    reached = [stage for stage in stages if any(map(_begins, stage.reacts_to))]
    place = 0
    while reached:
        found |= dict.fromkeys((stage.name for stage in reached), place)
        reached = [
            stage for stage in stages if stage.name not in found and _follows(stage, reached)
        ]
        place += 1
    return found


def _begins(event_type: type[Event]) -> bool:
    return event_type.effect is Effect.BEGINS and not issubclass(event_type, Request)


def _follows(stage: Stage, earlier: list[Stage]) -> bool:
    published = {event_type for each in earlier for event_type in each.publishes}
    return not published.isdisjoint(stage.reacts_to)
