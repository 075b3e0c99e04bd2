"""Files: written to a staging folder that carries the job's token, published after the commit.

The staged file is the truth and never changes; the published name is a view of it, put in place
after the ledger says so and as often as needed. So a worker that lost its lease can leave
nothing under a name that users or other stages read.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from errors import ArtifactCorrupt, NotFound, SettingsError
from storage.ledger import StagedArtifact
from storage.settings import PREFIX

STAGING = ".staged"
_CHUNK = 1 << 20


def staging_prefix(machine_id: str, job_id: int, token: int) -> str:
    """Where one attempt at one job may write."""
    return f"{STAGING}/{machine_id}/{job_id}.{token}"


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class LocalStore:
    """Artifacts in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def workspace(self, prefix: str) -> Path:
        """An empty folder that a stage writes to."""
        folder = self.root / prefix
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def stage(self, workspace: Path, prefix: str) -> list[StagedArtifact]:
        """Describe everything in the workspace, flushed to disk."""
        return [_describe(path, workspace, prefix) for path in _files(workspace)]

    def fetch(self, staged_key: str, sha256: str) -> Path:
        """A local file with these bytes.

        Args:
            staged_key: As in the ledger.
            sha256: As in the ledger.

        Raises:
            NotFound: The file is gone.
            ArtifactCorrupt: Its bytes are not the ledger's.
        """
        return _verified(self.root / staged_key, staged_key, sha256)

    def publish(self, staged_key: str, key: str) -> None:
        """Put a staged file in place under its published name, in one step, again if need be."""
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        # A link, not a copy: one file, two names. The name beside the target is the staged
        # file's own, so two publishers of one artifact cannot disturb each other's bytes.
        beside = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            beside.hardlink_to(self.root / staged_key)
        except FileNotFoundError:
            raise NotFound(f"staged file {staged_key} is gone") from None
        except OSError:  # Some network file systems have no links.
            shutil.copyfile(self.root / staged_key, beside)
        beside.replace(target)

    def delete(self, key: str) -> None:
        """Remove a published file, if it is there."""
        (self.root / key).unlink(missing_ok=True)

    def delete_staged(self, prefix: str) -> None:
        """Remove a staging folder, if it is there."""
        shutil.rmtree(self.root / prefix, ignore_errors=True)

    def address(self, key: str) -> str:
        """Where a person finds the file."""
        return str(self.root / key)


class ObjectStore:
    """Artifacts in a bucket, by `pyarrow.fs`."""

    def __init__(self, uri: str, scratch: Path) -> None:
        from pyarrow.fs import FileSystem

        try:
            self._fs, base = FileSystem.from_uri(uri)
        except (ValueError, OSError) as error:
            raise SettingsError(f"{PREFIX}ARTIFACTS: {error}") from None
        self._base = base.rstrip("/")
        parts = urlsplit(uri)
        # As shown to people: neither the credentials nor the parameters of the address.
        self._bucket = f"s3://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
        self._scratch = scratch

    def __str__(self) -> str:
        return self._bucket

    def workspace(self, prefix: str) -> Path:
        """An empty local folder that a stage writes to."""
        return LocalStore(self._scratch).workspace(prefix)

    def stage(self, workspace: Path, prefix: str) -> list[StagedArtifact]:
        """Upload everything in the workspace and describe it."""
        staged = LocalStore(workspace).stage(workspace, prefix)
        for artifact in staged:
            source = workspace / artifact.key
            with source.open("rb") as file, self._open(artifact.staged_key) as stream:
                shutil.copyfileobj(file, stream, _CHUNK)
        shutil.rmtree(workspace, ignore_errors=True)
        return staged

    def fetch(self, staged_key: str, sha256: str) -> Path:
        """Download a file, unless this host has it already; raises as `LocalStore.fetch` does."""
        local = self._scratch / "inputs" / f"{sha256}-{Path(staged_key).name}"
        if not local.exists() or sha256_of(local) != sha256:
            local.parent.mkdir(parents=True, exist_ok=True)
            arriving = local.with_name(f".{os.getpid()}.{os.urandom(4).hex()}")
            try:
                with self._fs.open_input_stream(self._path(staged_key)) as stream:
                    arriving.write_bytes(stream.read())
            except FileNotFoundError:
                raise NotFound(f"staged file {staged_key} is gone") from None
            arriving.replace(local)
        return _verified(local, staged_key, sha256)

    def publish(self, staged_key: str, key: str) -> None:
        """Copy a staged object to its published name; objects appear whole or not at all."""
        if not self._exists(staged_key):
            raise NotFound(f"staged file {staged_key} is gone")
        self._fs.copy_file(self._path(staged_key), self._path(key))

    def delete(self, key: str) -> None:
        """Remove a published object, if it is there."""
        if self._exists(key):
            self._fs.delete_file(self._path(key))

    def _exists(self, key: str) -> bool:
        from pyarrow.fs import FileType

        return bool(self._fs.get_file_info(self._path(key)).type != FileType.NotFound)

    def delete_staged(self, prefix: str) -> None:
        """Remove everything staged below a prefix."""
        from pyarrow.fs import FileSelector

        selector = FileSelector(self._path(prefix), allow_not_found=True, recursive=True)
        for info in self._fs.get_file_info(selector):
            if info.is_file:
                self._fs.delete_file(info.path)
        LocalStore(self._scratch).delete_staged(prefix)

    def address(self, key: str) -> str:
        """Where a person finds the object."""
        return f"{self._bucket}/{key}"

    def _path(self, key: str) -> str:
        return f"{self._base}/{key}"

    def _open(self, key: str) -> Any:
        return self._fs.open_output_stream(self._path(key))


ArtifactStore = LocalStore | ObjectStore


def open_store(root: str, home: Path) -> ArtifactStore:
    """The store at a folder or an `s3://` address; `home` lends scratch space to the latter."""
    if root.startswith("s3://"):
        return ObjectStore(root, home / "scratch")
    return LocalStore(Path(root))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _describe(path: Path, workspace: Path, prefix: str) -> StagedArtifact:
    key = path.relative_to(workspace).as_posix()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return StagedArtifact(key, f"{prefix}/{key}", sha256_of(path), path.stat().st_size)


def _verified(path: Path, key: str, sha256: str) -> Path:
    if not path.is_file():
        raise NotFound(f"staged file {key} is gone")
    if sha256_of(path) != sha256:
        raise ArtifactCorrupt(
            f"{key} has changed since it was made: its SHA-256 is not the ledger's"
        )
    return path
