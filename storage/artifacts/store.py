"""Files: written to a staging folder that carries the job's token, published after the commit.

The staged file is the truth and never changes; the published name is a view of it, put in place
after the ledger says so and as often as needed. So a worker that lost its lease can leave
nothing under a name that users or other stages read.
"""

from __future__ import annotations

from pathlib import Path

from storage.artifacts.local import LocalStore
from storage.artifacts.s3 import ObjectStore
from storage.artifacts.staging import (
    STAGING,
    LocalFile,
    StagedFolder,
    Submission,
    sha256_of,
    staging_prefix,
    submission_key,
)

__all__ = [
    "STAGING",
    "ArtifactStore",
    "LocalFile",
    "LocalStore",
    "ObjectStore",
    "StagedFolder",
    "Submission",
    "open_store",
    "sha256_of",
    "staging_prefix",
    "submission_key",
]

ArtifactStore = LocalStore | ObjectStore


def open_store(root: str, home: Path) -> ArtifactStore:
    """The store at a folder or an `s3://` address; `home` lends scratch space to the latter."""
    if root.startswith("s3://"):
        return ObjectStore(root, home / "scratch")
    return LocalStore(Path(root))
