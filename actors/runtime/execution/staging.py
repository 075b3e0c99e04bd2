"""Removing what ended attempts have staged."""

from __future__ import annotations

import structlog

from storage.artifacts import registry
from storage.artifacts.store import ArtifactStore, staging_prefix
from storage.ledger.claims import Claim


class StagingArea:
    """The staged files of jobs; a file that cannot be removed now is left to `gc`."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def sweep(self, claim: Claim) -> None:
        """Remove what this attempt has staged.

        Call it only before a commit, or after one that wrote no artifacts: later the files may
        belong to the ledger, even if its answer was lost.
        """
        self._sweep(claim, claim.token)

    def sweep_earlier_attempts(self, claim: Claim) -> None:
        """Remove what earlier attempts left half-written, but no file that the ledger has.

        An attempt that ended by publishing StageFailed keeps its files.

        Raises:
            LedgerUnavailable: The ledger does not answer.
        """
        if claim.token == 1:
            return
        kept = {file.staged_key for file in registry.of_job(claim.job_id)}
        for token in range(1, claim.token):
            prefix = staging_prefix(claim.machine_id, claim.job_id, token)
            if not any(key.startswith(f"{prefix}/") for key in kept):
                self._sweep(claim, token)

    def _sweep(self, claim: Claim, token: int) -> None:
        try:
            self._store.delete_staged(staging_prefix(claim.machine_id, claim.job_id, token))
        except OSError as error:
            structlog.get_logger().warning("not swept", reason=str(error))
