"""Where each artifact of a machine lies below an artifact root, and how a file is put there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import NotFound


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it takes `path`'s name once the block ends without an error.

    A reader therefore sees the old file or the new one, never half of one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def existing(path: Path, what: str, maker: str) -> Path:
    """The path, if something is there.

    Raises:
        NotFound: Nothing is; the message says which call makes it.
    """
    if not path.exists():
        raise NotFound(f"no {what} at {path}: {maker} makes it")
    return path


def write_text(path: Path, text: str) -> None:
    """Write a text, all of it or nothing."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
