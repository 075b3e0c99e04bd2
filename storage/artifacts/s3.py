"""The artifact store in an S3 bucket, by `pyarrow.fs`."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from errors import NotFound, SettingsError, StoreUnavailable
from storage.artifacts.local import LocalStore, file_stats
from storage.artifacts.staging import (
    ATTEMPT,
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
from storage.settings import PREFIX

#: A download that was not used for this long is removed; it is repeated when needed, seconds.
DOWNLOAD_SECONDS = 86400.0
#: Accuracy of a download's time of last use, seconds.
USED_SECONDS = 3600.0

#: The object that is written to read the store's clock.
CLOCK = f"{STAGING}/.clock"

#: Requests at a time in listings and removals; each waits for its answer most of the time.
_AT_ONCE = 16
#: Machines that are listed ahead.
_AHEAD = 10 * _AT_ONCE

_CHUNK = 1 << 20
_SUBMITTED_FILE = re.compile(rf"{SUBMITTED}/[^/]+")
_STAGED_FILE = re.compile(rf"{ATTEMPT.pattern}/(.+)")


class ObjectStore:
    """An artifact store in a bucket; downloads and workspaces are in a local scratch folder."""

    def __init__(self, uri: str, scratch: Path) -> None:
        from pyarrow.fs import FileSystem

        try:
            self._fs, base = FileSystem.from_uri(uri)
        except (ValueError, OSError) as error:
            raise SettingsError(f"{PREFIX}ARTIFACTS: {error}") from None
        self._base = base.rstrip("/")
        parts = urlsplit(uri)
        # Shown to users, so without the address's credentials and parameters.
        self._bucket = f"s3://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
        self._scratch = LocalStore(scratch)
        self._downloads = scratch / "inputs"

    def __str__(self) -> str:
        return self._bucket

    def check(self) -> None:
        """Check that the bucket is there and that this host's scratch folder is writable.

        Raises:
            OSError: One of them is not; a `StoreUnavailable` if it is the bucket.
        """
        from pyarrow.fs import FileType

        bucket = self._base.partition("/")[0]
        with _answering():
            found = self._fs.get_file_info(bucket)
        if found.type == FileType.NotFound:
            raise StoreUnavailable(f"there is no bucket '{bucket}'")
        self._scratch.check()

    def workspace(self, prefix: str) -> Path:
        """An empty local folder that a stage writes to."""
        return self._scratch.workspace(prefix)

    def stage(self, workspace: Path, prefix: str) -> list[StagedArtifact]:
        """Upload all files of the workspace, and describe them."""
        staged = LocalStore(workspace).stage(workspace, prefix)
        for artifact in staged:
            self.submit(workspace / artifact.key, artifact.staged_key)
        shutil.rmtree(workspace, ignore_errors=True)
        return staged

    def submit(self, source: Path, key: str) -> None:
        """Upload a file."""
        with _answering(), source.open("rb") as file, self._open(key) as stream:
            shutil.copyfileobj(file, stream, _CHUNK)

    def locate(self, staged_key: str, sha256: str) -> Path:
        """Download a file unless this host has it already; its content is not verified.

        Raises:
            NotFound: The file is missing.
        """
        local = self._downloads / f"{sha256}-{Path(staged_key).name}"
        try:
            if time.time() - local.stat().st_mtime > USED_SECONDS:
                os.utime(local)  # In use: see `unused_downloads`.
        except FileNotFoundError:
            self._download(staged_key, local)
        return local

    def fetch(self, staged_key: str, sha256: str) -> Path:
        """`locate` and verify a file; raises as `LocalStore.fetch` does."""
        local = self.locate(staged_key, sha256)
        if sha256_of(local) != sha256:
            self._download(staged_key, local)
        return verified(local, staged_key, sha256)

    def _download(self, key: str, local: Path) -> None:
        local.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _answering():
                stream = self._fs.open_input_stream(self._path(key))
        except FileNotFoundError:
            raise NotFound(f"staged file {key} is missing") from None
        with _answering(), stream, self._scratch.placing() as arriving:
            with arriving.open("wb") as file:
                shutil.copyfileobj(stream, file, _CHUNK)
            arriving.replace(local)

    def publish(self, staged_key: str, key: str) -> None:
        """Copy a staged object to its key; objects appear whole or not at all."""
        if not self._exists(staged_key):
            raise NotFound(f"staged file {staged_key} is missing")
        with _answering():
            self._fs.copy_file(self._path(staged_key), self._path(key))

    def delete(self, key: str) -> None:
        """Remove a published object if it exists."""
        with suppress(FileNotFoundError), _answering():
            self._fs.delete_file(self._path(key))

    def delete_each(self, keys: Iterable[str]) -> None:
        """`delete` many objects; pyarrow has no request for many keys but that of a folder."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(self.delete, keys))

    def _exists(self, key: str) -> bool:
        from pyarrow.fs import FileType

        with _answering():
            return bool(self._fs.get_file_info(self._path(key)).type != FileType.NotFound)

    def delete_staged(self, prefix: str) -> None:
        """Remove all staged objects below a prefix."""
        with suppress(FileNotFoundError), _answering():
            self._fs.delete_dir(self._path(prefix))
        self.delete_workspace(prefix)

    def delete_each_staged(self, prefixes: Iterable[str]) -> None:
        """`delete_staged` many folders; a request removes 1,000 objects of a folder."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(self.delete_staged, prefixes))

    def staged(self) -> Iterator[StagedFiles]:
        """What is staged, machine by machine; one listing for each machine.

        pyarrow returns a listing as a whole. That of all machines may not fit into memory.
        """
        machines = [Path(info.path).name for info in self._listed(STAGING) if not info.is_file]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for start in range(0, len(machines), _AHEAD):
                yield from threads.map(self._staged_files, machines[start : start + _AHEAD])

    def _staged_files(self, machine_id: str) -> StagedFiles:
        folder = f"{STAGING}/{machine_id}"
        attempts: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
        submissions = []
        for info in self._listed(folder, recursive=True):
            name = info.path.removeprefix(f"{self._path(folder)}/")
            if not info.is_file:
                continue
            if parts := _STAGED_FILE.fullmatch(name):
                attempts[int(parts[1]), int(parts[2])][parts[3]] = info.size
            elif _SUBMITTED_FILE.fullmatch(name):
                stored_at = info.mtime_ns // 1_000_000
                submissions.append(Submission(machine_id, f"{folder}/{name}", info.size, stored_at))
        return StagedFiles(
            machine_id,
            [StagedFolder(machine_id, *attempt, files) for attempt, files in attempts.items()],
            submissions,
        )

    def _listed(self, folder: str, *, recursive: bool = False) -> list[Any]:
        from pyarrow.fs import FileSelector

        selector = FileSelector(self._path(folder), allow_not_found=True, recursive=recursive)
        with _answering():
            return list(self._fs.get_file_info(selector))

    def clock_ms(self) -> int:
        """The store's clock, which sets the times of objects, ms since 1970."""
        with _answering():
            with self._open(CLOCK):
                pass
            return int(self._fs.get_file_info(self._path(CLOCK)).mtime_ns) // 1_000_000

    def workspaces(self) -> list[StagedFolder]:
        """Files that attempts left on this host: unstaged, or staged and not removed."""
        return [folder for machine in self._scratch.staged() for folder in machine.attempts]

    def delete_workspace(self, prefix: str) -> None:
        """Remove one of `workspaces` if it exists."""
        self._scratch.delete_staged(prefix)

    def unfinished(self) -> list[LocalFile]:
        """Incomplete downloads that a dead process left."""
        return self._scratch.unfinished()

    def unused_downloads(self) -> list[LocalFile]:
        """Downloads on this host that were not read for a day."""
        found = list(file_stats(self._downloads))
        if not found:
            return []
        before = self._scratch.clock_ms() / 1000 - DOWNLOAD_SECONDS
        return [LocalFile(path, stat.st_size) for path, stat in found if stat.st_mtime < before]

    def address(self, key: str) -> str:
        """Where users find the object."""
        return f"{self._bucket}/{key}"

    def _path(self, key: str) -> str:
        return f"{self._base}/{key}"

    def _open(self, key: str) -> Any:
        return self._fs.open_output_stream(self._path(key))


@contextmanager
def _answering() -> Iterator[None]:
    """Name the store in its errors: unlike those of this host's files, they have no number."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        message = str(error).strip().split("\n")[0]
        raise StoreUnavailable(f"the artifact store does not answer: {message}") from error
