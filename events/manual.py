"""Starting a stage over HTTP: a request that restarts the machine's chain at that stage.

Such a request cancels the jobs of the chain that have not ended, in the same transaction. So no
stage runs twice or with the previous settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from errors import InputMissing
from events.bus import Send, deliver, new_event
from events.plan import Plan
from events.vocabulary import (
    EVENT_TYPES,
    Event,
    GenerationRequested,
    SeedRequested,
    SyntheticDataReady,
    TrainingRequested,
)
from GAN.config.limits import MAX_SET_ROWS
from GAN.layout import MODEL_SUFFIX, model_prefix, seed_key
from storage.artifacts import registry
from storage.artifacts.registry import PublishedFile
from storage.database import transaction
from storage.ledger import event_log
from storage.ledger.chain_status import ONBOARDING
from storage.operations import control
from storage.queries import lineage
from storage.queries.events import newest_of_types

Files = Mapping[str, PublishedFile]


@dataclass(frozen=True)
class Caller:
    """Who asks for a stage.

    Attributes:
        actor: Name for the ledger.
        send: Sends jobs to the broker; may raise `BrokerUnavailable`.
        correlation_id: Correlation id for the chain, if this is its first event.
    """

    actor: str
    send: Send
    correlation_id: str


@dataclass(frozen=True)
class Started:
    """The new jobs and the chain's correlation id."""

    jobs: list[int]
    correlation_id: str


def start_seed(machine_id: str, plan: Mapping[str, Any], caller: Caller) -> Started:
    """Request a new seed, simulated from the profile.

    Args:
        machine_id: The machine.
        plan: Fields of the plan that change; the others keep the values of the last run.
        caller: Who asks.

    Raises:
        NotFound: No such machine.
    """

    def event(plan: Plan, _: Files) -> Event:
        return SeedRequested(machine_id=machine_id, **plan.plan())

    return _take_over(machine_id, plan, event, caller)


def start_training(machine_id: str, plan: Mapping[str, Any], caller: Caller) -> Started:
    """Request a training on the newest seed; arguments as for `start_seed`.

    Raises:
        NotFound: No such machine.
        InputMissing: It has no seed.
    """

    def event(plan: Plan, files: Files) -> Event:
        _require_seed(machine_id, files)
        return TrainingRequested(machine_id=machine_id, **plan.plan())

    return _take_over(machine_id, plan, event, caller)


def start_generation(machine_id: str, plan: Mapping[str, Any], caller: Caller) -> Started:
    """Request sets from the newest model; arguments as for `start_seed`.

    Raises:
        NotFound: No such machine.
        InputMissing: It has no seed, or no model.
    """

    def event(plan: Plan, files: Files) -> Event:
        _require_seed(machine_id, files)  # The sets are made from both.
        model_key = registry.newest_key(files, model_prefix(machine_id), MODEL_SUFFIX)
        if model_key is None:
            raise InputMissing(machine_id, "model")
        return GenerationRequested(machine_id=machine_id, **plan.plan(), model_key=model_key)

    return _take_over(machine_id, plan, event, caller)


def last_plan(machine_id: str) -> dict[str, Any]:
    """The plan of the newest event of the machine's onboarding, as a first training's plan.

    Version 0.1 accepted more rows than a set may have, and failed after the training.
    """
    types = [name for name, event_type in EVENT_TYPES.items() if issubclass(event_type, Plan)]
    newest = newest_of_types(machine_id, ONBOARDING, types)
    if newest is None:
        return {}
    fields = set(Plan.model_fields) - {"retraining"}
    plan = {name: value for name, value in newest.payload.items() if name in fields}
    samples = {name: min(rows, MAX_SET_ROWS) for name, rows in plan.get("samples", {}).items()}
    return plan | ({"samples": samples} if samples else {})


def model_of_newest_sets(machine_id: str) -> str | None:
    """The key of the model that made the machine's newest sets; None before the first."""
    newest = newest_of_types(machine_id, ONBOARDING, [SyntheticDataReady.__name__])
    return newest.payload["model_key"] if newest else None


def _take_over(
    machine_id: str,
    plan: Mapping[str, Any],
    event: Callable[[Plan, Files], Event],
    caller: Caller,
) -> Started:
    with transaction():
        control.cancel_open(machine_id, ONBOARDING)
        before = last_plan(machine_id)
        samples = {**before.get("samples", {}), **plan.get("samples", {})}
        asked = Plan(**{**before, **plan, "samples": samples})
        correlation = lineage.correlation_of(machine_id) or caller.correlation_id
        request = event(asked, registry.of_machine(machine_id))
        written = event_log.append(new_event(request, correlation, actor=caller.actor))
    deliver(written.jobs, caller.send)
    return Started([job.job_id for job in written.jobs], correlation)


def _require_seed(machine_id: str, files: Files) -> None:
    if seed_key(machine_id) not in files:
        raise InputMissing(machine_id, "seed")
