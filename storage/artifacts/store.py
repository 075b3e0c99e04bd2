"""The artifact store: files are staged in a folder per attempt, and published after the commit.

A staged file never changes. Its published name is put in place after the ledger has the file, as
often as needed. So a worker that lost its lease cannot leave anything under a name that users or
other stages read.
"""

from __future__ import annotations

from pathlib import Path

from storage.artifacts.local import LocalStore
from storage.artifacts.s3 import ObjectStore
from storage.artifacts.staging import (
    STAGING,
    LocalFile,
    StagedFiles,
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
    "StagedFiles",
    "StagedFolder",
    "Submission",
    "open_store",
    "sha256_of",
    "staging_prefix",
    "submission_key",
]

ArtifactStore = LocalStore | ObjectStore


def open_store(root: str, home: Path) -> ArtifactStore:
    """The store in a folder or at an `s3://` address; an S3 store keeps scratch files in `home`."""
    if root.startswith("s3://"):
        return ObjectStore(root, home / "scratch")
    return LocalStore(Path(root))
