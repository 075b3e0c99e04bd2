"""The states of jobs, machines and units."""

from __future__ import annotations

from enum import StrEnum

#: The chain that trainings of predictors belong to.
PREDICTOR_CHAIN = "predictor"


class JobStatus(StrEnum):
    """State of a job.

    The ledger stores all but `STALE`. A running job is shown as stale while its worker is silent or
    its lease has ended: another worker takes it over.
    """

    PENDING = "pending"
    RUNNING = "running"
    STALE = "stale"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: States of a job that waits or runs.
OPEN = (JobStatus.PENDING, JobStatus.RUNNING)

#: States of a job that has ended.
ENDED = (JobStatus.SUCCESS, JobStatus.FAILED, JobStatus.CANCELLED)


class ChainStatus(StrEnum):
    """State of one chain of stages of a machine, such as its onboarding.

    `SUCCESS`: the newest job succeeded and no stage reacts to its event. `COMPLETE`: an event has
    ended the chain.
    """

    PENDING = "pending"
    RUNNING = "running"
    STALE = "stale"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"
    COMPLETE = "complete"


class MachineStatus(StrEnum):
    """State of a machine's onboarding.

    `CREATED`: no job was created yet. `ONBOARDED`: the onboarding chain is complete. The others are
    those of `ChainStatus`.
    """

    CREATED = "created"
    PENDING = "pending"
    RUNNING = "running"
    STALE = "stale"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ONBOARDED = "onboarded"


class UnitLevel(StrEnum):
    """How urgent a unit is, the most urgent last.

    `NO_FORECAST`: there is no predictor, or no recent reading.
    """

    HEALTHY = "healthy"
    NO_FORECAST = "no_forecast"
    WATCH = "watch"
    WARNING = "warning"
    ALARM = "alarm"
