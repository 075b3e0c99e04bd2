"""Where the levels of a machine's units begin, and computing their conditions anew."""

from __future__ import annotations

from errors import Conflict, NotFound
from events.bus import Send, deliver
from events.predictors import request_predictions
from GAN.config.thresholds import Thresholds
from storage.database import transaction
from storage.telemetry import conditions, thresholds


def thresholds_of(machine_id: str) -> Thresholds:
    """Where the levels of a machine's units begin.

    Raises:
        NotFound: No such machine.
    """
    return Thresholds.model_validate_json(thresholds.stored(machine_id) or "{}")


def set_thresholds(machine_id: str, wanted: Thresholds, send: Send, actor: str) -> None:
    """Set them, and predict the units again: levels that no longer have a cause fall later.

    Raises:
        NotFound: No such machine.
    """
    with transaction():
        thresholds.store(machine_id, wanted.model_dump_json())
        jobs = request_predictions(machine_id, actor)
    deliver(jobs, send)


def compute_anew(machine_id: str, unit: str | None, send: Send, actor: str) -> int:
    """Compute the conditions of units from all their readings, those that came late too.

    Args:
        machine_id: The machine.
        unit: One unit; None: all of them.
        send: Sends jobs to the broker; may raise `BrokerUnavailable`.
        actor: Who asks for it.

    Returns:
        How many units.

    Raises:
        NotFound: There is no such unit.
        Conflict: The machine has no predictor yet.
    """
    with transaction():
        count = conditions.forget(machine_id, unit)
        if not count:
            which = "no units" if unit is None else f"no unit '{unit[:60]}' with readings"
            raise NotFound(f"{machine_id} has {which}", kind="unit")
        jobs = request_predictions(machine_id, actor)
        if not jobs:
            raise Conflict(f"{machine_id} has no predictor yet")
    deliver(jobs, send)
    return count
