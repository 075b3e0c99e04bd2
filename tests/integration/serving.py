"""The service on a real port of this process, and work done for it as a worker does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import httpx
from fastapi import FastAPI
from structlog.testing import capture_logs

from api.app import create_app
from api.dependencies.service import Service
from events.bus import new_event
from events.vocabulary import Event
from GAN.profiles.profile import MachineProfile
from storage.artifacts import publishing
from storage.artifacts.registry import of_job
from storage.artifacts.store import ArtifactStore, staging_prefix
from storage.ledger import claims, leases
from storage.ledger.claims import Claim
from storage.settings import Settings
from tests.integration.api import served
from tests.integration.conftest import profile_of


class Http(httpx.Client):
    """A client of a service that runs.

    Attributes:
        service: The parts of the service.
        app: What serves them.
    """

    service: Service
    app: FastAPI

    def replace_store(self, store: ArtifactStore) -> None:
        """Let the service have its files elsewhere."""
        self.service = replace(self.service, store=store)
        self.app.state.service = self.service

    def create(self, machine_id: str = "pump_1", *, start: bool = True, **changes: object) -> None:
        """Take a machine in."""
        profile = profile_of(machine_id, **changes)
        answer = self.post("/api/gan/machines", params={"start": start}, **as_json(profile))
        assert answer.status_code == 201, answer.text

    def finish(self, task_id: int, event: Event, files: Mapping[str, bytes] | None = None) -> None:
        """Do a task's work as a worker does: its files and its event."""
        claim = claimed(task_id)
        store = self.service.store
        prefix = staging_prefix(claim.machine_id, claim.job_id, claim.token)
        workspace = store.workspace(prefix)
        for key, content in (files or {}).items():
            path = workspace / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        fact = new_event(event, claim.correlation_id)
        leases.complete(claim, fact, store.stage(workspace, prefix))
        publishing.put_in_place(store, of_job(task_id))


def as_json(profile: MachineProfile) -> dict[str, object]:
    """A profile as arguments of a request."""
    return {
        "content": profile.model_dump_json(),
        "headers": {"Content-Type": "application/json"},
    }


def claimed(task_id: int) -> Claim:
    """The right to run a task."""
    claim = claims.claim(task_id, "worker-1", 30)
    assert claim is not None
    return claim


@contextmanager
def serving(settings: Settings, rate_limit: int = 0) -> Iterator[Http]:
    """Serve the open ledger on a free port; how often a test asks is not limited by itself."""
    app = create_app(settings.model_copy(update={"rate_limit": rate_limit}))
    with (
        capture_logs(),
        served.serving(app) as address,
        # Without TLS; loading the certificates of all CAs takes as long as a small test.
        Http(base_url=f"http://{address}", timeout=30, verify=False) as client,
    ):
        client.app, client.service = app, app.state.service
        yield client
