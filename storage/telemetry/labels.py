"""Lives that predictors can learn from, and when there are enough new ones."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database import execute, reading
from storage.status import PREDICTOR_CHAIN

#: A new version is trained after so many failures whose mode is known.
ENOUGH = 3


#: The note of lives that were played: no predictor learns from them.
PLAYED = "demo"


@dataclass(frozen=True)
class EndedLife:
    """A life with a file.

    Attributes:
        key: Key of its file.
        labelled: Whether it ended by a failure whose mode is known.
        unseen: Whether it ended after the live version was trained.
    """

    key: str
    labelled: bool
    unseen: bool


@dataclass(frozen=True)
class Learnable:
    """What a training learns from, in addition to the seed and the sets.

    Attributes:
        live_key: Key of the live version's file; None without one.
    """

    live_key: str | None
    lives: list[EndedLife]


def take(machine_id: str) -> Learnable:
    """The lives of a machine that have ended, and its live version."""
    with reading():
        live = execute(_LIVE, machine=machine_id)
        rows = execute(_LIVES, machine=machine_id)
    lives = [EndedLife(key, bool(labelled), bool(unseen)) for key, labelled, unseen in rows]
    return Learnable(live[0][0] if live else None, lives)


def enough(machine_id: str) -> int:
    """How many labelled lives no version has learnt from, if a new one is to be trained; else 0.

    None is to be trained while a training waits or runs: it may learn from them.
    """
    ((count,),) = execute(_NEW, machine=machine_id, chain=PREDICTOR_CHAIN)
    return int(count) if count >= ENOUGH else 0


_LIVE = "SELECT key FROM predictors WHERE machine_id = :machine AND live"

_LABELLED = f"""
lives.ended_by = 'failure' AND lives.failure_mode IS NOT NULL AND lives.note <> '{PLAYED}'
"""

_LIVES = f"""
SELECT lives.key, {_LABELLED}, lives.created_at > COALESCE((
    SELECT created_at FROM predictors WHERE predictors.machine_id = :machine AND live
), 0)
FROM lives WHERE lives.machine_id = :machine AND lives.key IS NOT NULL
    AND lives.note <> '{PLAYED}' AND (lives.ended_by = 'maintenance' OR {_LABELLED})
ORDER BY lives.id
"""

_NEW = f"""
SELECT COUNT(*) FROM lives
WHERE lives.machine_id = :machine AND lives.key IS NOT NULL AND {_LABELLED}
    AND lives.created_at > COALESCE((
        SELECT MAX(jobs.started_at) FROM jobs JOIN predictors ON predictors.job_id = jobs.id
        WHERE predictors.machine_id = :machine
    ), 0)
    AND NOT EXISTS (
        SELECT 1 FROM chain_status
        WHERE chain_status.machine_id = :machine AND chain_status.chain = :chain
            AND chain_status.status IN ('pending', 'running')
    )
"""
