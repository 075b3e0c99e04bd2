"""Names and types of staged files, whatever store holds them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from errors import ArtifactCorrupt, NotFound

STAGING = ".staged"


#: Where a file lies for a moment before it takes its name: on the same file system, and in no
#: folder that people look at.
PLACING = f"{STAGING}/.placing"


#: Folder of what users have submitted for a machine, beside those of the attempts at its jobs.
SUBMITTED = "submitted"


#: Whoever has submitted a file for this long and published no event about it never will, seconds.
SUBMITTING_SECONDS = 3600.0


#: What an attempt's folder is called: job and token.
ATTEMPT = re.compile(r"([1-9][0-9]*)\.([1-9][0-9]*)")


@dataclass(frozen=True)
class StagedFolder:
    """What one attempt at one job has written.

    Attributes:
        files: Size of each file by its path below the folder, bytes.
    """

    machine_id: str
    job_id: int
    token: int
    files: Mapping[str, int]

    @property
    def prefix(self) -> str:
        """Where it lies."""
        return staging_prefix(self.machine_id, self.job_id, self.token)


@dataclass(frozen=True)
class LocalFile:
    """A file on this host that is no artifact; `size` in bytes."""

    path: Path
    size: int


@dataclass(frozen=True)
class Submission:
    """A file that a user has submitted for a machine.

    Attributes:
        size: Bytes.
        fresh: Whether its event may not have been published yet.
    """

    machine_id: str
    key: str
    size: int
    fresh: bool


def submission_key(machine_id: str, suffix: str) -> str:
    """A key for a file that a user submits, never given twice.

    So nobody can be about to refer to a file which `gc` has found to be of no use, as could be if
    equal files had equal names.
    """
    return f"{STAGING}/{machine_id}/{SUBMITTED}/{os.urandom(16).hex()}{suffix}"


def staging_prefix(machine_id: str, job_id: int, token: int) -> str:
    """Where one attempt at one job may write."""
    return f"{STAGING}/{machine_id}/{job_id}.{token}"


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verified(path: Path, key: str, sha256: str) -> Path:
    """A file that has the ledger's bytes; raises as `LocalStore.fetch` does."""
    if not path.is_file():
        raise NotFound(f"staged file {key} is gone")
    if sha256_of(path) != sha256:
        raise ArtifactCorrupt(
            f"{key} has changed since it was made: its SHA-256 is not the ledger's"
        )
    return path


@dataclass(frozen=True)
class StagedArtifact:
    """A file that a stage has written to its own staging folder."""

    key: str
    staged_key: str
    sha256: str
    size: int
