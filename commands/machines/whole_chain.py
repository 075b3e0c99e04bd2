"""How far a machine is on its way to predictions: its onboarding, and the stages that follow it.

There is one number for all of it, which does not fall within a run. The time left is a range, and
is given only if it can be kept: earlier runs of all stages that are still to come are known, and it
has not grown lately.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from actors.chain_progress import ChainProgress, places, shares, usual_seconds
from actors.stage import STAGES, Stage
from events.vocabulary import ModelTrained
from storage.database import reading
from storage.ledger.chain_status import ONBOARDING
from storage.queries.durations import earlier_runs, runs_like
from storage.queries.in_service.watching import Run
from storage.queries.jobs import JobRow
from storage.queries.machines import MachineState
from storage.status import JobStatus

#: Earlier runs of a stage without which its time is not known.
FEWEST_RUNS = 3
#: Part of the earlier runs that is left out at each end.
_OUTLIERS = 0.1
#: An estimate that has grown by this factor, within this part of the time, is not shown.
GROWTH, LATELY = 1.5, 0.25


class Left(NamedTuple):
    """The time that is left, seconds: the shortest and the longest of what it usually is."""

    shortest: float
    longest: float


class WholeChain:
    """The progress of the machines that are followed."""

    def __init__(self) -> None:
        self._onboarding = ChainProgress()
        self._share = _onboarding_share()
        self._highest: dict[tuple[str, int], float] = {}

    def of(
        self, states: list[MachineState], following: dict[str, JobRow]
    ) -> dict[str, tuple[Run, int]]:
        """The newest run of each machine, and how far it is, percent.

        Args:
            states: The machines.
            following: The newest open job of each machine that has one.
        """
        reached = {}
        for machine_id, (run, onboarding) in self._onboarding.of(states).items():
            whole = self._whole(onboarding, following.get(machine_id))
            highest = max(whole, self._highest.get((machine_id, run.event_id), 0.0))
            self._highest[machine_id, run.event_id] = highest
            reached[machine_id] = (run, int(highest))
        return reached

    def _whole(self, onboarding: float, job: JobRow | None) -> float:
        if onboarding == 100 and job is None:
            return 100.0
        after = job.progress if job is not None and job.chain != ONBOARDING else 0
        return self._share * onboarding + (1 - self._share) * after


class TimeLeft:
    """Estimates of when a run ends, those that can be kept."""

    def __init__(self) -> None:
        self._spans: dict[tuple[int, str], Left | None] = {}
        self._made: deque[tuple[int, float]] = deque()

    def of(self, job: JobRow, began_at: int, now: int) -> Left | None:
        """The time left; None if it is not known or cannot be kept.

        Args:
            job: The job that the run has come to.
            began_at: When the run began, ms since 1970.
            now: The ledger's time, ms since 1970.
        """
        left = self._estimate(job, now)
        if left is None:
            return None
        while self._made and self._made[0][0] < now - LATELY * (now - began_at):
            self._made.popleft()
        smallest = min((longest for _, longest in self._made), default=left.longest)
        self._made.append((now, left.longest))
        return left if left.longest <= GROWTH * smallest else None

    def _estimate(self, job: JobRow, now: int) -> Left | None:
        coming = _coming(job)
        # How long a training takes depends on its epochs, which are known once it waits.
        if job.status is not JobStatus.RUNNING or job.started_at is None or coming is None:
            return None
        with reading():
            spans = [self._span(0, stage) for stage in coming]
            present = self._span(job.id, job.stage)
        ran = (now - job.started_at) / 1000
        if present is None or None in spans or ran >= present.longest:
            return None
        known = [span for span in spans if span is not None]
        return Left(
            max(0.0, present.shortest - ran) + sum(span.shortest for span in known),
            present.longest - ran + sum(span.longest for span in known),
        )

    def _span(self, job_id: int, stage: str) -> Left | None:
        """How long a job takes, or 0: any job of that stage. It is read once."""
        if (job_id, stage) not in self._spans:
            runs = sorted(runs_like(job_id, stage) if job_id else earlier_runs(stage))
            cut = int(len(runs) * _OUTLIERS)
            known = len(runs) >= FEWEST_RUNS
            span = Left(runs[cut] / 1000, runs[-1 - cut] / 1000) if known else None
            self._spans[job_id, stage] = span
        return self._spans[job_id, stage]


def _coming(job: JobRow) -> list[str] | None:
    """The stages that are still to come behind a job; None if one of them trains a model."""
    if job.chain != ONBOARDING:
        return []
    place = places().get(job.stage, 0)
    coming = [STAGES[name] for name, there in places().items() if there > place] + _following()
    if any(ModelTrained in stage.publishes for stage in coming):
        return None
    return [stage.name for stage in coming]


def _following() -> list[Stage]:
    """The stages of other chains that react to the end of an onboarding."""
    ends = {event for name in places() for event in STAGES[name].publishes}
    return [
        stage
        for stage in STAGES.values()
        if stage.chain != ONBOARDING and not ends.isdisjoint(stage.reacts_to)
    ]


def _onboarding_share() -> float:
    """The part of the whole time that the onboarding usually takes."""
    onboarding = usual_seconds()
    with reading():
        after = [earlier_runs(stage.name) for stage in _following()]
    seconds = onboarding + [runs[len(runs) // 2] / 1000 if runs else None for runs in after]
    return sum(shares(seconds)[: len(onboarding)])
