"""The parts of the service that routes use: settings, artifact store, broker, progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

import actors
from actors.broker.client import Broker
from actors.chain_progress import ChainProgress
from storage.artifacts.store import ArtifactStore, open_store
from storage.ledger.event_log import Dispatch
from storage.settings import Settings

assert actors  # declares the stages, so that events have subscribers


@dataclass(frozen=True)
class Service:
    """The parts of the service; the ledger is opened once per process.

    Attributes:
        progress: Of the onboardings that clients have asked for.
    """

    settings: Settings
    store: ArtifactStore
    broker: Broker
    progress: ChainProgress

    def send(self, jobs: Sequence[Dispatch]) -> None:
        """Send jobs to the broker.

        Raises:
            BrokerUnavailable: The broker does not answer; a steward sends the jobs later.
        """
        self.broker.send(jobs)


def open_service(settings: Settings) -> Service:
    """The parts as the settings describe them; connects lazily."""
    store = open_store(settings.artifact_root, settings.home)
    return Service(settings, store, Broker(settings), ChainProgress())


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


#: A parameter of routes that need the service. Its dependency is a coroutine: FastAPI would run a
#: plain function in a thread.
TheService = Annotated[Service, Depends(_service)]
