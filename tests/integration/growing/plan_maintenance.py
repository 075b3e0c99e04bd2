"""MachineOnboarded → MaintenancePlanned: a stage that fails."""

from __future__ import annotations

from typing import ClassVar

from actors.stage import Job, stage
from errors import StageError
from events.vocabulary import Event, MachineOnboarded
from storage.ledger.event_log import Effect


class MaintenancePlanned(Event):
    """A maintenance plan was made."""

    chain: ClassVar[str] = "maintenance"
    effect: ClassVar[Effect] = Effect.ENDS


@stage(queue="default", channel="gan:maintenance")
def plan_maintenance(event: MachineOnboarded, job: Job) -> MaintenancePlanned:
    raise StageError("no maintenance windows")
