"""Putting a job's files under their published names, after the commit."""

from __future__ import annotations

import structlog

from storage.artifacts import publishing, registry
from storage.artifacts.store import ArtifactStore
from storage.ledger.claims import Claim


class Publisher:
    """Publishes the files that the ledger has for a job."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def publish(self, claim: Claim) -> None:
        """Put the job's files in place; what fails is left to a steward.

        Raises:
            LedgerUnavailable: The ledger does not answer.
        """
        try:
            publishing.put_in_place(self._store, registry.of_job(claim.job_id))
        except OSError as error:
            structlog.get_logger().warning("not published yet", reason=str(error))
