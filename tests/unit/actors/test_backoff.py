"""The pause of a worker on which attempts fail."""

from __future__ import annotations

import pytest

from actors.runtime.execution.backoff import BackOff
from actors.runtime.stage_process import Died, Failed, Finished, Message
from events.vocabulary import SeedReady

FULL_DISK = Failed("OSError: No space left on device", retryable=True, details="")


def test_the_first_failure_costs_no_pause_and_each_further_one_doubles_it_up_to_30_seconds() -> (
    None
):
    back_off = BackOff()
    pauses = []
    for _ in range(8):
        back_off.note(FULL_DISK)
        pauses.append(back_off.seconds)
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(
    "outcome",
    [
        Finished(SeedReady(machine_id="pump_1"), [], again=True),
        Failed("a bad input", retryable=False, details=""),
        Died("killed"),
    ],
)
def test_an_outcome_that_is_not_the_workers_fault_ends_the_pauses(outcome: Message) -> None:
    back_off = BackOff()
    back_off.note(FULL_DISK)
    back_off.note(FULL_DISK)
    back_off.note(outcome)
    assert back_off.seconds == 0
    back_off.note(FULL_DISK)
    assert back_off.seconds == 0
