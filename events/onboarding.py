"""Registering machines: the machine's row and its first event in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import peewee

from errors import InvalidProfile, Problem
from events.bus import Send, deliver, new_correlation_id, new_event
from events.plan import Plan
from events.vocabulary import MachineCreated, RunDataSubmitted
from GAN.profiles.profile import MachineProfile
from storage.database import transaction
from storage.ledger import event_log
from storage.ledger.event_log import Dispatch
from storage.queries.machines import profile_of


@dataclass(frozen=True)
class NewMachine:
    """A valid profile to be onboarded.

    Attributes:
        source: File or fleet id of the profile, for messages.
        identity: machine_id, machine_type, category, manufacturer, model.
        profile: The profile as JSON text.
        sha256: SHA-256 of its content, hex.
    """

    source: str
    identity: Mapping[str, Any]
    profile: str
    sha256: str

    @property
    def machine_id(self) -> str:
        """Its id."""
        machine_id: str = self.identity["machine_id"]
        return machine_id


def new_machine(source: str, profile: MachineProfile) -> NewMachine:
    """What the ledger stores of a profile."""
    identity = profile.model_dump(
        include={"machine_id", "machine_type", "manufacturer", "model"}
    ) | {"category": profile.category}
    return NewMachine(source, identity, profile.model_dump_json(), profile.sha256)


@dataclass(frozen=True)
class Registered:
    """The result of a batch.

    Attributes:
        created: Ids of the new machines.
        known: Ids of the machines that were registered before.
        delivered: Whether the broker has their jobs; if not, a steward sends them.
    """

    created: list[str]
    known: list[str]
    delivered: bool


def register(
    machines: Sequence[NewMachine],
    plan: Plan | None,
    send: Send,
    *,
    actor: str,
    correlation_id: str | None = None,
) -> Registered:
    """Create machines and publish MachineCreated for each; all of them or none.

    An unchanged profile that was submitted before is not an error and starts nothing.

    Args:
        machines: The machines to onboard.
        plan: Settings of the chains; None: register the machines and start nothing.
        send: Sends jobs to the broker; may raise `BrokerUnavailable`.
        actor: Who asks for it.
        correlation_id: Correlation id of the chain; absent: a new one for each machine.

    Raises:
        InvalidProfile: Ids that exist with another profile; every one of them.
    """
    try:
        return _register(machines, plan, send, actor, correlation_id)
    except peewee.IntegrityError:
        # On PostgreSQL, another process may create a machine between the check and the insert. The
        # second check finds it.
        return _register(machines, plan, send, actor, correlation_id)


def _register(
    machines: Sequence[NewMachine],
    plan: Plan | None,
    send: Send,
    actor: str,
    correlation_id: str | None,
) -> Registered:
    created: list[str] = []
    known: list[str] = []
    jobs: list[Dispatch] = []
    with transaction():
        problems = [problem for machine in machines for problem in _conflicts(machine)]
        if problems:
            raise InvalidProfile("onboard", problems)
        for machine in machines:
            if profile_of(machine.machine_id) is not None:
                known.append(machine.machine_id)
                continue
            event_log.create_machine(machine.identity, machine.profile, machine.sha256)
            created.append(machine.machine_id)
            if plan is None:
                continue
            event = MachineCreated(machine_id=machine.machine_id, **plan.plan())
            key = f"{event.type}:{machine.machine_id}"
            correlation = correlation_id or new_correlation_id()
            record = new_event(event, correlation, actor=actor, key=key)
            jobs += event_log.append(record).jobs
    return Registered(created, known, deliver(jobs, send))


@dataclass(frozen=True)
class RegisteredRunData:
    """The result of submitting data: the event and its jobs.

    Attributes:
        created: Whether the machine is new.
    """

    created: bool
    event_id: int
    jobs: list[int]
    delivered: bool


def register_run_data(
    machine: NewMachine, event: RunDataSubmitted, send: Send, *, actor: str
) -> RegisteredRunData:
    """Publish RunDataSubmitted for a machine; create the machine if it is new.

    A new machine gets no MachineCreated, because that would start the simulation of a seed.

    Raises:
        InvalidProfile: The machine exists with another profile.
    """
    try:
        return _register_run_data(machine, event, send, actor)
    except peewee.IntegrityError:
        return _register_run_data(machine, event, send, actor)  # As in `register`.


def _register_run_data(
    machine: NewMachine, event: RunDataSubmitted, send: Send, actor: str
) -> RegisteredRunData:
    with transaction():
        problems = _conflicts(machine)
        if problems:
            raise InvalidProfile("seed import", problems)
        created = profile_of(machine.machine_id) is None
        if created:
            event_log.create_machine(machine.identity, machine.profile, machine.sha256)
        written = event_log.append(new_event(event, new_correlation_id(), actor=actor))
    assert written.event_id is not None  # It has no key, so it is always written.
    jobs = [job.job_id for job in written.jobs]
    return RegisteredRunData(created, written.event_id, jobs, deliver(written.jobs, send))


def _conflicts(machine: NewMachine) -> list[Problem]:
    there = profile_of(machine.machine_id)
    if there is None or there[1] == machine.sha256:
        return []
    return [
        Problem(
            f"{machine.source}: machine_id",
            f"'{machine.machine_id}' exists with another profile",
            f"choose another id, or first: fleetforge machines delete {machine.machine_id}",
        )
    ]
