"""Starting a stage by hand: one more event of the machine's chain, which goes on from there.

A machine has one chain. Whoever starts a stage takes it over: the jobs that have not ended are
cancelled in the same transaction, so nothing is made twice or with the settings of before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from errors import InputMissing
from events.bus import Send, as_fact, deliver
from events.vocabulary import EVENT_TYPES, Event, MachineCreated, ModelTrained, Plan, SeedReady
from GAN.layout import MODEL_SUFFIX, model_prefix, seed_key
from storage.artifacts import registry
from storage.artifacts.registry import PublishedFile
from storage.database import transaction
from storage.ledger import event_log
from storage.operations import control
from storage.queries import events

Files = Mapping[str, PublishedFile]


@dataclass(frozen=True)
class Started:
    """The chain goes on with these jobs.

    Attributes:
        correlation_id: Of the chain.
    """

    jobs: list[int]
    correlation_id: str


def start_seed(
    machine_id: str, plan: Mapping[str, Any], send: Send, correlation_id: str
) -> Started:
    """Have the seed simulated, by MachineCreated.

    Args:
        machine_id: The machine.
        plan: Fields of the plan that change; the others stay as the chain had them.
        send: Gives jobs to the broker; may raise `BrokerUnavailable`.
        correlation_id: Of the chain, if this is its first event.

    Raises:
        NotFound: No such machine.
    """

    def event(plan: Plan, _: Files) -> Event:
        return MachineCreated(machine_id=machine_id, **plan.plan())

    return _take_over(machine_id, plan, event, send, correlation_id)


def start_training(
    machine_id: str, plan: Mapping[str, Any], send: Send, correlation_id: str
) -> Started:
    """Have a model trained on the newest seed, by SeedReady; arguments as of `start_seed`.

    Raises:
        NotFound: No such machine.
        InputMissing: It has no seed.
    """

    def event(plan: Plan, files: Files) -> Event:
        return SeedReady(
            machine_id=machine_id, **plan.plan(), seed_key=_seed_key(machine_id, files)
        )

    return _take_over(machine_id, plan, event, send, correlation_id)


def start_generation(
    machine_id: str, plan: Mapping[str, Any], send: Send, correlation_id: str
) -> Started:
    """Have sets generated from the newest model, by ModelTrained; arguments as of `start_seed`.

    Raises:
        NotFound: No such machine.
        InputMissing: It has no seed, or no model.
    """

    def event(plan: Plan, files: Files) -> Event:
        _seed_key(machine_id, files)  # The sets are made of both.
        model_key = registry.newest_key(files, model_prefix(machine_id), MODEL_SUFFIX)
        if model_key is None:
            raise InputMissing(machine_id, "model")
        return ModelTrained(machine_id=machine_id, **plan.plan(), model_key=model_key)

    return _take_over(machine_id, plan, event, send, correlation_id)


def last_plan(machine_id: str) -> dict[str, Any]:
    """The plan of the machine's newest event that has one, counted as a fresh start."""
    for row in reversed(events.events(machine_id=machine_id)):
        if issubclass(EVENT_TYPES[row["type"]], Plan):
            fields = set(Plan.model_fields) - {"retraining"}
            return {name: value for name, value in row["payload"].items() if name in fields}
    return {}


def _take_over(
    machine_id: str,
    plan: Mapping[str, Any],
    event: Callable[[Plan, Files], Event],
    send: Send,
    correlation_id: str,
) -> Started:
    with transaction():
        control.cancel_open(machine_id)
        before = last_plan(machine_id)
        samples = {**before.get("samples", {}), **plan.get("samples", {})}
        asked = Plan(**{**before, **plan, "samples": samples})
        correlation = events.correlation_of(machine_id) or correlation_id
        fact = as_fact(event(asked, registry.of_machine(machine_id)), correlation)
        written = event_log.append(fact)
    deliver(written.jobs, send)
    return Started([job.job_id for job in written.jobs], correlation)


def _seed_key(machine_id: str, files: Files) -> str:
    key = seed_key(machine_id)
    if key not in files:
        raise InputMissing(machine_id, "seed")
    return key
