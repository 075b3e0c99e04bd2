"""Declaring stages: a stage is a function from one event to the next, and its types are the wiring.

    @stage(queue="train", channel="gan:training")
    def train_tvae(event: SeedReady | TrainingRequested, job: Job) -> ModelTrained: ...

subscribes `train_tvae` to both events and names the event it publishes. To add a stage, add such a
function in a module that `actors/__init__.py` imports.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from errors import NotFound
from events.bus import subscribe
from events.vocabulary import Event, ModelTrained, StageFailed
from GAN.profiles.profile import MachineProfile
from GAN.progress import Progress
from storage.artifacts.registry import PublishedFile, newest_key
from storage.artifacts.store import ArtifactStore
from storage.ledger.claims import Claim
from storage.ledger.event_log import NewEvent, Subscription

StageFunction = Callable[..., Event]

#: Reads what a job needs from the ledger, in the worker, after the claim.
Takes = Callable[[Claim], Any]
#: Locks what `keeps` changes, before the job's event is written: rows of chains are locked last.
Locks = Callable[[Claim], None]
#: Writes what a job has kept, inside the transaction that completes it; returns events to publish.
Keeps = Callable[[Claim, Any], Sequence[NewEvent]]


@dataclass(frozen=True)
class Stage:
    """A declared stage.

    Attributes:
        queue: Where its jobs wait; a worker serves one or more queues.
        channel: Prefix of its progress channel in Redis database 2.
        chain: The chain that its jobs belong to: that of the events it publishes.
        takes: What is read for a job; its function finds that in `job.taken`.
        keeps: What is written for a job, from what its function gave to `job.keep`.
        locks: What is locked before that.
    """

    name: str
    function: StageFunction
    reacts_to: tuple[type[Event], ...]
    publishes: tuple[type[Event], ...]
    queue: str
    channel: str
    chain: str
    takes: Takes | None = None
    keeps: Keeps | None = None
    locks: Locks | None = None


STAGES: dict[str, Stage] = {}


@dataclass(frozen=True)
class Job:
    """What a stage sees of the job it runs.

    Attributes:
        workspace: The only folder it may write to; every file in it becomes an artifact under
            its path relative to the workspace.
        files: The machine's newest file under each key.
        progress: Call it now and then.
        taken: What the stage's `takes` has read; None without one.
        kept: What the stage has given to `keep`, for its `keeps`.
    """

    id: int
    machine_id: str
    profile: MachineProfile
    workspace: Path
    store: ArtifactStore
    files: Mapping[str, PublishedFile] = field(repr=False)
    progress: Progress = field(repr=False)
    taken: Any = field(default=None, repr=False)
    kept: list[Any] = field(default_factory=list, repr=False)

    def keep(self, value: Any) -> None:
        """Hand something to the stage's `keeps`, which writes it when the job is completed."""
        self.kept.append(value)

    def input(self, key: str) -> Path:
        """A local file with the bytes that the ledger has under `key`.

        Raises:
            NotFound: No stage has made that file yet.
            ArtifactCorrupt: The bytes are not the ledger's.
        """
        if key not in self.files:
            raise NotFound(f"{self.machine_id} has no {key} yet")
        file = self.files[key]
        return self.store.fetch(file.staged_key, file.sha256)

    def input_if_kept(self, key: str) -> Path | None:
        """The same, or None if there is no such file.

        Raises:
            ArtifactCorrupt: The bytes are not the ledger's.
        """
        return self.input(key) if key in self.files else None

    def newest(self, prefix: str, suffix: str) -> str:
        """The key of the newest file whose key begins and ends so.

        Raises:
            NotFound: There is none.
        """
        key = newest_key(self.files, prefix, suffix)
        if key is None:
            raise NotFound(f"{self.machine_id} has no {prefix}*{suffix} yet")
        return key


def stage(
    *,
    queue: str,
    channel: str,
    takes: Takes | None = None,
    keeps: Keeps | None = None,
    locks: Locks | None = None,
) -> Callable[[StageFunction], StageFunction]:
    """Declare a stage by its function's types and subscribe it.

    Args:
        queue: Where its jobs wait.
        channel: Prefix of its progress channel.
        takes: Reads what its jobs need from the ledger; see `Stage`.
        keeps: Writes what its jobs have found; see `Stage`.
        locks: Locks what that changes; see `Stage`.
    """

    def declare(function: StageFunction) -> StageFunction:
        hints = typing.get_type_hints(function)
        publishes = _events(hints["return"])
        declared = Stage(
            name=function.__name__,
            function=function,
            reacts_to=_events(hints["event"]),
            publishes=publishes,
            queue=queue,
            channel=channel,
            chain=_chain(function.__name__, publishes),
            takes=takes,
            keeps=keeps,
            locks=locks,
        )
        STAGES[declared.name] = declared
        subscription = Subscription(
            declared.name, queue, declared.chain, trains=ModelTrained in publishes
        )
        for event_type in declared.reacts_to:
            subscribe(event_type, subscription)
        return function

    return declare


def queues() -> list[str]:
    """Every queue that a declared stage uses."""
    return sorted({declared.queue for declared in STAGES.values()})


def _chain(stage: str, publishes: tuple[type[Event], ...]) -> str:
    """The chain of a stage; any stage may fail, so `StageFailed` belongs to every chain."""
    chains = {event_type.chain for event_type in publishes if event_type is not StageFailed}
    if len(chains) != 1:
        raise TypeError(f"{stage} must publish events of one chain, not {sorted(chains)}")
    return chains.pop()


def _events(hint: Any) -> tuple[type[Event], ...]:
    return typing.get_args(hint) or (hint,)
