"""Writing files so that readers never see half of one, and checksums."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import NotFound


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it is renamed to `path` when the block ends without an error.

    So a reader sees the old file or the new one, never a part of one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def existing(path: Path, what: str, maker: str) -> Path:
    """The path, if the file exists.

    Raises:
        NotFound: It does not exist; the message names the call that makes it.
    """
    if not path.exists():
        raise NotFound(f"no {what} at {path}: {maker} makes it")
    return path


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
