"""The artifact registry: the files that the ledger has of machines and jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.database import execute, now_ms, reading, transaction
from storage.tables import Artifact

#: Where files of readings are; a machine may have thousands, so they are listed by themselves.
ARCHIVES = "GAN/data/readings/"


@dataclass(frozen=True)
class PublishedFile:
    """A file of a machine.

    Attributes:
        key: Its published name.
        staged_key: Where its bytes are.
        size: Bytes.
        verdict: Of a judged model; else None.
        published_at: When it was put in place under its key, ms since 1970; None: not yet.
    """

    id: int
    machine_id: str
    key: str
    staged_key: str
    sha256: str
    size: int
    verdict: str | None
    published_at: int | None


def of_machine(machine_id: str) -> dict[str, PublishedFile]:
    """The newest file under each key of a machine, oldest first; without those of readings."""
    first, last = _range(ARCHIVES)
    found = _files(_OF_MACHINE, machine=machine_id, first=first, last=last)
    return {file.key: file for file in found}


def below(machine_id: str, prefix: str) -> list[PublishedFile]:
    """The files of a machine whose keys begin so, by key."""
    first, last = _range(prefix)
    return _files(_BELOW, machine=machine_id, first=first, last=last)


def newest(machine_id: str, key: str) -> PublishedFile | None:
    """The newest file of a machine under a key."""
    return next(iter(_files(_UNDER_KEY, machine=machine_id, key=key)), None)


def under_keys(keys: Sequence[str]) -> list[PublishedFile]:
    """The newest file that each machine has under each of these keys."""
    names = {f"key{number}": key for number, key in enumerate(keys)}
    condition = f"key IN ({', '.join(f':{name}' for name in names)})"
    return _files(_newest(condition), **names) if names else []


def unpublished(limit: int = 100) -> list[PublishedFile]:
    """Committed files that are not yet in place and still the newest of their key."""
    return _files(_UNPUBLISHED, limit=limit)


def of_job(job_id: int) -> list[PublishedFile]:
    """The files that a job made."""
    return _files(_OF_JOB, job=job_id)


def newest_key(files: Mapping[str, PublishedFile], prefix: str, suffix: str) -> str | None:
    """The key of a machine's newest file of one kind; None if there is none.

    Args:
        files: As `of_machine` gives them.
        prefix: Start of the kind's keys.
        suffix: End of the kind's keys.
    """
    keys = [key for key in files if key.startswith(prefix) and key.endswith(suffix)]
    return max(keys, key=lambda key: files[key].id, default=None)


def mark_published(artifact_id: int) -> None:
    """Record that a file is in place under its published name."""
    with transaction():
        Artifact.update(published_at=now_ms()).where(Artifact.id == artifact_id).execute()


def _range(prefix: str) -> tuple[str, str]:
    """The first key that begins so, and the first one after these: an index serves a range."""
    return prefix, f"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}"


def _files(statement: str, **parameters: Any) -> list[PublishedFile]:
    with reading():
        rows = execute(statement, **parameters)
    return [PublishedFile(*row) for row in rows]


def _newest(condition: str) -> str:
    """SQL for the newest file of each machine under each key, of the rows that match."""
    return f"""
{_SELECT}
WHERE {condition} AND NOT EXISTS (
    SELECT 1 FROM artifacts AS newer
    WHERE newer.machine_id = artifacts.machine_id AND newer.key = artifacts.key
    AND newer.id > artifacts.id
)
ORDER BY id
"""


_SELECT = """
SELECT id, machine_id, key, staged_key, sha256, size, verdict, published_at FROM artifacts
"""
_OF_MACHINE = _newest("machine_id = :machine AND (key < :first OR key >= :last)")
_BELOW = f"{_SELECT} WHERE machine_id = :machine AND key >= :first AND key < :last ORDER BY key"
_UNDER_KEY = _newest("machine_id = :machine AND key = :key")
_UNPUBLISHED = f"{_newest('published_at IS NULL')} LIMIT :limit"
_OF_JOB = f"{_SELECT} WHERE job_id = :job ORDER BY id"
