"""MachineOnboarded → DataSheetWritten: a stage behind the onboarding, in another chain."""

from __future__ import annotations

from typing import ClassVar

from actors.stage import Job, stage
from events.vocabulary import Event, MachineOnboarded, Request
from storage.ledger.event_log import Effect


class DataSheetWritten(Event):
    """A data sheet was written."""

    chain: ClassVar[str] = "data_sheet"
    effect: ClassVar[Effect] = Effect.ENDS


class DataSheetRequested(Request, Event):
    """Write a data sheet; it has no plan."""

    chain: ClassVar[str] = "data_sheet"


@stage(queue="default", channel="gan:data_sheet")
def write_data_sheet(event: MachineOnboarded | DataSheetRequested, job: Job) -> DataSheetWritten:
    (job.workspace / "data_sheet.txt").write_text("a data sheet")
    job.progress(50, "half way")
    return DataSheetWritten(machine_id=job.machine_id)
