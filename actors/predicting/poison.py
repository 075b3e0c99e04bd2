"""Finding the units whose readings end the process: tries in other processes, with half of them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

import structlog

from actors.predicting.states import Batch, works
from storage.telemetry.unit_state import NewState, PassedOver
from storage.telemetry.waiting import WaitingUnit


def states_without_poison(
    batch: Batch, units: Sequence[WaitingUnit]
) -> tuple[list[NewState], list[PassedOver]]:
    """The states of all units but those whose readings end the process.

    Raises:
        RuntimeError: The predictor does not work for any reading.
    """
    if not _in_another_process(works, batch.path):
        raise RuntimeError(f"the predictor {batch.path.name} does not work")
    states, poisoned = _halved(batch, units)
    for unit in poisoned:
        structlog.get_logger().warning(
            "readings passed over, because they end the process",
            unit=unit.unit,
            until=batch.newest[unit.id],
        )
    return states, [PassedOver(unit.id, unit.life, batch.newest[unit.id]) for unit in poisoned]


def _halved(batch: Batch, units: Sequence[WaitingUnit]) -> tuple[list[NewState], list[WaitingUnit]]:
    """The states of units, and the units that failed alone."""
    states: list[NewState] | None = _in_another_process(batch.states, units)
    if states is not None:
        return states, []
    if len(units) == 1:
        return [], [units[0]]
    middle = len(units) // 2
    first, first_failed = _halved(batch, units[:middle])
    second, second_failed = _halved(batch, units[middle:])
    return first + second, first_failed + second_failed


def _in_another_process(function: Callable[[Any], Any], argument: Any) -> Any:
    """The result of a function, or None if it raised or its process ended."""
    # The fork server of the worker: its processes begin with everything loaded.
    context = multiprocessing.get_context("forkserver")
    pipe, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send_result, args=(theirs, function, argument))
    process.start()
    theirs.close()
    try:
        result = pipe.recv()
    except EOFError:
        result = None
    process.join()
    process.close()
    pipe.close()
    return result


def _send_result(pipe: Connection, function: Callable[[Any], Any], argument: Any) -> None:
    pipe.send(function(argument))
