"""Staged files: their names and types, the same in every store."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from errors import ArtifactCorrupt, NotFound

STAGING = ".staged"

#: Folder for files that are being written; each is renamed when it is complete. It is on the same
#: file system as the artifacts, outside the folders that users look at.
PLACING = f"{STAGING}/.placing"

#: Folder of the files that users submitted for a machine, next to the folders of attempts.
SUBMITTED = "submitted"

#: Name of an attempt's folder: job id and lease token.
ATTEMPT = re.compile(r"([1-9][0-9]*)\.([1-9][0-9]*)")


@dataclass(frozen=True)
class StagedFolder:
    """The files that one attempt at a job has written.

    Attributes:
        files: Size of each file by its path below the folder, bytes.
    """

    machine_id: str
    job_id: int
    token: int
    files: Mapping[str, int]

    @property
    def prefix(self) -> str:
        """Key of the folder."""
        return staging_prefix(self.machine_id, self.job_id, self.token)


@dataclass(frozen=True)
class LocalFile:
    """A file on this host that is not an artifact; `size` in bytes."""

    path: Path
    size: int


@dataclass(frozen=True)
class Submission:
    """A file that a user has submitted for a machine.

    Attributes:
        size: Bytes.
        stored_at: When the store got it, ms since 1970 by the store's clock.
    """

    machine_id: str
    key: str
    size: int
    stored_at: int


@dataclass(frozen=True)
class StagedFiles:
    """What is staged for one machine.

    Attributes:
        attempts: A folder for each attempt; folders with other names are left out.
        submissions: What users have submitted.
    """

    machine_id: str
    attempts: Sequence[StagedFolder]
    submissions: Sequence[Submission]


def submission_key(machine_id: str, suffix: str) -> str:
    """A new, unique key for a file that a user submits.

    If equal files had equal keys, an event could refer to a file that `gc` is about to remove.
    """
    return f"{STAGING}/{machine_id}/{SUBMITTED}/{os.urandom(16).hex()}{suffix}"


def staging_prefix(machine_id: str, job_id: int, token: int) -> str:
    """Key of the folder that one attempt at a job may write to."""
    return f"{STAGING}/{machine_id}/{job_id}.{token}"


def folder_of(staged_key: str) -> str:
    """Key of the folder of the attempt that has staged a file."""
    return "/".join(staged_key.split("/", 3)[:3])


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verified(path: Path, key: str, sha256: str) -> Path:
    """A local file, if it has the ledger's SHA-256; raises as `LocalStore.fetch` does."""
    if not path.is_file():
        raise NotFound(f"staged file {key} is missing")
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
