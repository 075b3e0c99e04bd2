"""Artifacts in a folder, and what the staging folders of every store are called."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from errors import NotFound
from storage.artifacts.staging import (
    ATTEMPT,
    PLACING,
    STAGING,
    SUBMITTED,
    SUBMITTING_SECONDS,
    LocalFile,
    StagedArtifact,
    StagedFolder,
    Submission,
    sha256_of,
    verified,
)

#: Whoever was placing a file for this long has died over it, seconds.
PLACING_SECONDS = 3600.0


class LocalStore:
    """Artifacts in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def check(self) -> None:
        """Return if the folder can be written to, or made.

        Raises:
            OSError: It cannot.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        if not os.access(self.root, os.W_OK):
            raise PermissionError(f"{self.root} is not writable")

    def workspace(self, prefix: str) -> Path:
        """An empty folder that a stage writes to."""
        folder = self.root / prefix
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def stage(self, workspace: Path, prefix: str) -> list[StagedArtifact]:
        """Describe everything in the workspace, flushed to disk."""
        return [_describe(path, workspace, prefix) for path in _files(workspace)]

    def submit(self, source: Path, key: str) -> None:
        """Take in a copy of a user's file, flushed to disk."""
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.placing() as placed:
            shutil.copyfile(source, placed)
            with placed.open("rb") as file:
                os.fsync(file.fileno())
            placed.replace(target)

    def submissions(self) -> list[Submission]:
        """Every file that users have submitted."""
        before = time.time() - SUBMITTING_SECONDS
        return [
            Submission(
                machine.name,
                path.relative_to(self.root).as_posix(),
                stat.st_size,
                fresh=stat.st_mtime >= before,
            )
            for machine in _folders(self.root / STAGING)
            for path, stat in file_stats(machine / SUBMITTED)
        ]

    def locate(self, staged_key: str, _sha256: str) -> Path:
        """Where `fetch` finds the file; nobody has looked at it."""
        return self.root / staged_key

    def fetch(self, staged_key: str, sha256: str) -> Path:
        """A local file with these bytes.

        Args:
            staged_key: As in the ledger.
            sha256: As in the ledger.

        Raises:
            NotFound: The file is gone.
            ArtifactCorrupt: Its bytes are not the ledger's.
        """
        return verified(self.root / staged_key, staged_key, sha256)

    def publish(self, staged_key: str, key: str) -> None:
        """Put a staged file in place under its published name, in one step, again if need be."""
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.placing() as placed:
            # A link, not a copy: one file, two names. The name that it has meanwhile is nobody
            # else's, so two publishers of one artifact cannot disturb each other's bytes.
            try:
                placed.hardlink_to(self.root / staged_key)
            except FileNotFoundError:
                raise NotFound(f"staged file {staged_key} is gone") from None
            except OSError:  # Some network file systems have no links.
                shutil.copyfile(self.root / staged_key, placed)
            placed.replace(target)

    @contextmanager
    def placing(self) -> Iterator[Path]:
        """A path for a file that is about to take its name; afterwards nothing lies there."""
        folder = self.root / PLACING
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{os.getpid()}.{os.urandom(8).hex()}"
        try:
            yield path
        finally:
            # It is still there after a rename, too, when both names are links to one file.
            path.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Remove a published file, if it is there, and its folder, if that is empty then."""
        path = self.root / key
        path.unlink(missing_ok=True)
        if not key.startswith(STAGING):  # There somebody may be about to need it.
            with suppress(OSError):
                path.parent.rmdir()

    def delete_staged(self, prefix: str) -> None:
        """Remove a staging folder, if it is there."""
        shutil.rmtree(self.root / prefix, ignore_errors=True)

    def staged(self) -> list[StagedFolder]:
        """What every attempt has staged; folders with other names are not ours."""
        return [
            StagedFolder(
                machine.name,
                int(attempt[1]),
                int(attempt[2]),
                {
                    path.relative_to(folder).as_posix(): stat.st_size
                    for path, stat in file_stats(folder)
                },
            )
            for machine in _folders(self.root / STAGING)
            for folder in _folders(machine)
            if (attempt := ATTEMPT.fullmatch(folder.name))
        ]

    def workspaces(self) -> list[StagedFolder]:
        """What attempts have written on this host and not staged: nothing, here it is one."""
        return []

    def delete_workspace(self, prefix: str) -> None:
        """Remove one of `workspaces`, if it is there."""

    def unfinished(self) -> list[LocalFile]:
        """Files that were being placed by a process that has died since."""
        # The time of the last change to the inode: a link has the other times of its file.
        before = time.time() - PLACING_SECONDS
        return [
            LocalFile(path, stat.st_size)
            for path, stat in file_stats(self.root / PLACING)
            if stat.st_ctime < before
        ]

    def unused_downloads(self) -> list[LocalFile]:
        """Copies of artifacts on this host that nobody has read for a day: here are none."""
        return []

    def address(self, key: str) -> str:
        """Where a person finds the file."""
        return str(self.root / key)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except FileNotFoundError:
        return []


def file_stats(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every file below a folder; workers may remove some of them meanwhile."""
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in sorted(names)):
            try:
                stat = path.lstat()
            except FileNotFoundError:
                continue
            yield path, stat


def _describe(path: Path, workspace: Path, prefix: str) -> StagedArtifact:
    key = path.relative_to(workspace).as_posix()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return StagedArtifact(key, f"{prefix}/{key}", sha256_of(path), path.stat().st_size)
