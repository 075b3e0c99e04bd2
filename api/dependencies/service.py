"""What every route needs: the settings, the files, the way to the broker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

import actors
from actors.broker.client import Broker
from storage.artifacts.store import ArtifactStore, open_store
from storage.ledger.event_log import Dispatch
from storage.settings import Settings

assert actors  # declares the stages, so that events have subscribers


@dataclass(frozen=True)
class Service:
    """The parts of one service; the ledger is the process's own."""

    settings: Settings
    store: ArtifactStore
    broker: Broker

    def send(self, jobs: Sequence[Dispatch]) -> None:
        """Give jobs to the broker.

        Raises:
            BrokerUnavailable: It is away; a steward sends them later.
        """
        self.broker.send(jobs)


def open_service(settings: Settings) -> Service:
    """The parts that the settings name; connects lazily."""
    return Service(settings, open_store(settings.artifact_root, settings.home), Broker(settings))


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


#: A parameter of routes that need the service. Dependencies are coroutines: others would cost a
#: trip to a thread each.
TheService = Annotated[Service, Depends(_service)]
