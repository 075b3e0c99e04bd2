"""Taking machines in: the machine's row and its first event in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import peewee

from errors import InvalidProfile, Problem
from events.bus import Send, as_fact, deliver, new_correlation_id
from events.vocabulary import MachineCreated, Plan, RunDataSubmitted
from GAN.profiles.profile import MachineProfile
from storage.database import transaction
from storage.ledger import event_log
from storage.ledger.event_log import Dispatch
from storage.queries import machines


@dataclass(frozen=True)
class Newcomer:
    """A valid profile that wants to be onboarded.

    Attributes:
        source: File or fleet id it came from, for messages.
        identity: machine_id, machine_type, category, manufacturer, model.
        profile: The profile as JSON text.
        sha256: Fingerprint of its content.
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


def as_newcomer(source: str, profile: MachineProfile) -> Newcomer:
    """What the ledger stores of a profile."""
    identity = profile.model_dump(
        include={"machine_id", "machine_type", "manufacturer", "model"}
    ) | {"category": profile.category}
    return Newcomer(source, identity, profile.model_dump_json(), profile.sha256)


@dataclass(frozen=True)
class Taken:
    """What became of a batch: ids that start now, and ids that were there already."""

    created: list[str]
    known: list[str]
    delivered: bool


def take_in(
    newcomers: Sequence[Newcomer],
    plan: Plan | None,
    send: Send,
    correlation_id: str | None = None,
) -> Taken:
    """Create machines and publish MachineCreated for each; all of them or none.

    A profile that was submitted before, word for word, is no error and starts nothing.

    Args:
        newcomers: Who wants to be onboarded.
        plan: What to make of each; None: the machines are known from now on, and nothing starts.
        send: Gives jobs to the broker; may raise `BrokerUnavailable`.
        correlation_id: Id of the chain that starts; absent means one of its own for each.

    Raises:
        InvalidProfile: Ids that exist with another profile; every one of them.
    """
    try:
        return _take_in(newcomers, plan, send, correlation_id)
    except peewee.IntegrityError:
        # On PostgreSQL another process may create one of them between our look and our write;
        # the second look finds it.
        return _take_in(newcomers, plan, send, correlation_id)


def _take_in(
    newcomers: Sequence[Newcomer], plan: Plan | None, send: Send, correlation_id: str | None
) -> Taken:
    created: list[str] = []
    known: list[str] = []
    jobs: list[Dispatch] = []
    with transaction():
        problems = [problem for newcomer in newcomers for problem in _conflicts(newcomer)]
        if problems:
            raise InvalidProfile("onboard", problems)
        for newcomer in newcomers:
            if machines.profile_of(newcomer.machine_id) is not None:
                known.append(newcomer.machine_id)
                continue
            event_log.create_machine(newcomer.identity, newcomer.profile, newcomer.sha256)
            created.append(newcomer.machine_id)
            if plan is None:
                continue
            event = MachineCreated(machine_id=newcomer.machine_id, **plan.plan())
            key = f"MachineCreated:{newcomer.machine_id}"
            correlation = correlation_id or new_correlation_id()
            jobs += event_log.append(as_fact(event, correlation, key=key)).jobs
    return Taken(created, known, deliver(jobs, send))


@dataclass(frozen=True)
class TakenRuns:
    """What became of submitted data: their event and its jobs.

    Attributes:
        created: Whether the machine is new.
    """

    created: bool
    event_id: int
    jobs: list[int]
    delivered: bool


def take_in_runs(newcomer: Newcomer, event: RunDataSubmitted, send: Send) -> TakenRuns:
    """Publish that data of a machine were submitted; create the machine if it is new.

    A new machine gets no MachineCreated: that would have its seed simulated.

    Raises:
        InvalidProfile: The machine exists with another profile.
    """
    try:
        return _take_in_runs(newcomer, event, send)
    except peewee.IntegrityError:
        return _take_in_runs(newcomer, event, send)  # As in `take_in`.


def _take_in_runs(newcomer: Newcomer, event: RunDataSubmitted, send: Send) -> TakenRuns:
    with transaction():
        problems = _conflicts(newcomer)
        if problems:
            raise InvalidProfile("seed import", problems)
        created = machines.profile_of(newcomer.machine_id) is None
        if created:
            event_log.create_machine(newcomer.identity, newcomer.profile, newcomer.sha256)
        written = event_log.append(as_fact(event, new_correlation_id()))
    assert written.event_id is not None  # It has no key, so it is always written.
    jobs = [job.job_id for job in written.jobs]
    return TakenRuns(created, written.event_id, jobs, deliver(written.jobs, send))


def _conflicts(newcomer: Newcomer) -> list[Problem]:
    there = machines.profile_of(newcomer.machine_id)
    if there is None or there[1] == newcomer.sha256:
        return []
    return [
        Problem(
            f"{newcomer.source}: machine_id",
            f"'{newcomer.machine_id}' exists with another profile",
            f"choose another id, or first: fleetforge machines delete {newcomer.machine_id}",
        )
    ]
