"""The artifact store in a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from errors import NotFound
from storage.artifacts.staging import (
    ATTEMPT,
    PLACING,
    STAGING,
    SUBMITTED,
    LocalFile,
    StagedArtifact,
    StagedFiles,
    StagedFolder,
    Submission,
    sha256_of,
    verified,
)

#: A temporary file older than this was left by a dead process, seconds.
PLACING_SECONDS = 3600.0


class LocalStore:
    """An artifact store in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def check(self) -> None:
        """Check that the folder is writable; create it if it does not exist.

        Raises:
            OSError: It is not writable.
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
        """Flush all files of the workspace to disk, and describe them."""
        return [_describe(path, workspace, prefix) for path in _files(workspace)]

    def submit(self, source: Path, key: str) -> None:
        """Store a copy of a user's file, flushed to disk."""
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.placing() as placed:
            shutil.copyfile(source, placed)
            with placed.open("rb") as file:
                os.fsync(file.fileno())
            placed.replace(target)

    def locate(self, staged_key: str, _sha256: str) -> Path:
        """Where `fetch` finds the file; its content is not verified."""
        return self.root / staged_key

    def fetch(self, staged_key: str, sha256: str) -> Path:
        """A local, verified copy of a staged file.

        Args:
            staged_key: The ledger's key.
            sha256: The ledger's SHA-256, hex.

        Raises:
            NotFound: The file is missing.
            ArtifactCorrupt: Its SHA-256 is another one.
        """
        return verified(self.root / staged_key, staged_key, sha256)

    def publish(self, staged_key: str, key: str) -> None:
        """Put a staged file in place under its key, atomically; may be repeated."""
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.placing() as placed:
            # A link, not a copy: one file, two names. The temporary name is unique, so two
            # publishers of one artifact cannot overwrite each other's files.
            try:
                placed.hardlink_to(self.root / staged_key)
            except FileNotFoundError:
                raise NotFound(f"staged file {staged_key} is missing") from None
            except OSError:  # Some network file systems have no links.
                shutil.copyfile(self.root / staged_key, placed)
            placed.replace(target)

    @contextmanager
    def placing(self) -> Iterator[Path]:
        """A temporary path for a file that is renamed when complete; removed afterwards."""
        folder = self.root / PLACING
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{os.getpid()}.{os.urandom(8).hex()}"
        try:
            yield path
        finally:
            # A rename keeps the old name too if both names are links to one file.
            path.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Remove a published file if it exists, and its folder if that is empty then."""
        path = self.root / key
        path.unlink(missing_ok=True)
        if not key.startswith(STAGING):  # A writer may be about to use a staging folder.
            with suppress(OSError):
                path.parent.rmdir()

    def delete_each(self, keys: Iterable[str]) -> None:
        """`delete` many files."""
        for key in keys:
            self.delete(key)

    def delete_staged(self, prefix: str) -> None:
        """Remove a staging folder if it exists."""
        shutil.rmtree(self.root / prefix, ignore_errors=True)

    def delete_each_staged(self, prefixes: Iterable[str]) -> None:
        """`delete_staged` many folders."""
        for prefix in prefixes:
            self.delete_staged(prefix)

    def staged(self) -> Iterator[StagedFiles]:
        """What is staged, machine by machine."""
        for machine in _folders(self.root / STAGING):
            yield StagedFiles(machine.name, _attempts(machine), self._submissions(machine))

    def _submissions(self, machine: Path) -> list[Submission]:
        return [
            Submission(
                machine.name,
                path.relative_to(self.root).as_posix(),
                stat.st_size,
                stat.st_mtime_ns // 1_000_000,
            )
            for path, stat in file_stats(machine / SUBMITTED)
        ]

    def clock_ms(self) -> int:
        """The clock of the file system, which sets the times of files, ms since 1970.

        A network file system may have another clock than this host.
        """
        with self.placing() as path:
            path.touch()
            return path.stat().st_mtime_ns // 1_000_000

    def workspaces(self) -> list[StagedFolder]:
        """Unstaged files of attempts on this host: none, here a workspace is the staging folder."""
        return []

    def delete_workspace(self, prefix: str) -> None:
        """Remove one of `workspaces` if it exists."""

    def unfinished(self) -> list[LocalFile]:
        """Temporary files that a dead process left."""
        found = list(file_stats(self.root / PLACING))
        if not found:  # Then the clock is not needed: reading it writes a file.
            return []
        # The inode's change time: a link shares the other times with its file.
        before = self.clock_ms() / 1000 - PLACING_SECONDS
        return [LocalFile(path, stat.st_size) for path, stat in found if stat.st_ctime < before]

    def unused_downloads(self) -> list[LocalFile]:
        """Downloads that were not read for a day: none, a folder needs no downloads."""
        return []

    def address(self, key: str) -> str:
        """Where users find the file."""
        return str(self.root / key)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except FileNotFoundError:
        return []


def _attempts(machine: Path) -> list[StagedFolder]:
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
        for folder in _folders(machine)
        if (attempt := ATTEMPT.fullmatch(folder.name))
    ]


def file_stats(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """All files below a folder; workers may remove some of them meanwhile."""
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
