"""The files that the ledger has of machines and jobs, and whether they are in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from peewee import fn

from storage.database import execute, now_ms, reading, transaction
from storage.tables import Artifact


@dataclass(frozen=True)
class PublishedFile:
    """The newest file of a machine under one key."""

    id: int
    machine_id: str
    key: str
    staged_key: str
    sha256: str
    size: int
    verdict: str | None
    published_at: int | None


def of_machine(machine_id: str) -> dict[str, PublishedFile]:
    """The newest file under each key of a machine, oldest first."""
    with reading():
        rows = execute(_FILES, machine=machine_id)
    return {file.key: file for file in (PublishedFile(*row) for row in rows)}


def unpublished(limit: int = 100) -> list[PublishedFile]:
    """Files that are committed but not yet seen in place, and still the newest of their key."""
    newer = Artifact.alias()
    with reading():
        rows = (
            Artifact.select()
            .where(
                Artifact.published_at.is_null(),
                ~fn.EXISTS(
                    newer.select(newer.id).where(
                        newer.machine == Artifact.machine,
                        newer.key == Artifact.key,
                        newer.id > Artifact.id,
                    )
                ),
            )
            .order_by(Artifact.id)
            .limit(limit)
        )
        return [_file(row) for row in rows]


def newest_key(published: Mapping[str, PublishedFile], prefix: str, suffix: str) -> str | None:
    """The key of the newest of a machine's files of one kind; None if there is none.

    Args:
        published: As `of_machine` gives them.
        prefix: What the key begins with.
        suffix: What it ends with.
    """
    keys = [key for key in published if key.startswith(prefix) and key.endswith(suffix)]
    return max(keys, key=lambda key: published[key].id, default=None)


def of_job(job_id: int) -> list[PublishedFile]:
    """The files that a job made."""
    with reading():
        rows = execute(_OF_JOB, job=job_id)
    return [PublishedFile(*row) for row in rows]


def mark_published(artifact_id: int) -> None:
    """Remember that a file stands under its published name."""
    with transaction():
        Artifact.update(published_at=now_ms()).where(Artifact.id == artifact_id).execute()


def _file(row: Any) -> PublishedFile:
    return PublishedFile(*(getattr(row, field.name) for field in fields(PublishedFile)))


# As a statement, because every job asks it on its way to its process.
_COLUMNS = "id, machine_id, key, staged_key, sha256, size, verdict, published_at"

_OF_JOB = f"SELECT {_COLUMNS} FROM artifacts WHERE job_id = :job ORDER BY id"

_FILES = f"""
SELECT {_COLUMNS} FROM artifacts
WHERE id IN (SELECT MAX(id) FROM artifacts WHERE machine_id = :machine GROUP BY key)
ORDER BY id
"""
