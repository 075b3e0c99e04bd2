"""The status of each chain of each machine: a stored row, updated with the jobs it comes from.

A chain is a group of stages with one goal, such as onboarding. The row is derived from
the chain's jobs and events, in the transaction that changes them, so that a list of machines reads
one row each instead of deriving a status for every machine.

A run of a chain begins with the newest event that begins it, or with an event of another chain that
one of its stages reacts to. The status is, in this order:

1. that of the newest job that waits or runs;
2. that of the newest job, if it failed or was cancelled;
3. `complete` or `failed`, by the run's newest event that ends or fails the chain, if there is one;
4. `success`: the newest job succeeded and nothing follows it.
"""

from __future__ import annotations

from storage.database import execute, is_sqlite
from storage.status import JobStatus

#: The chain whose status is the machine's own: from a profile to accepted synthetic data.
ONBOARDING = "onboarding"


def update(machine_id: str, *chains: str) -> None:
    """Bring the status of chains up to date; call it last in a transaction.

    Every transaction changes jobs first and chains after that, in the order of their names. So two
    of them never wait for each other.

    Args:
        machine_id: The machine.
        chains: Chains with a job or an event that this transaction has changed.
    """
    for chain in sorted(chains):
        of = {"machine": machine_id, "chain": chain}
        if not is_sqlite():
            # SQLite has one writer. PostgreSQL reads as of a statement's start: take the row first,
            # then read what the transaction before has committed.
            execute(_LOCK, **of)
        if execute(_UPDATE, **of) == [(JobStatus.SUCCESS.value,)]:
            execute(_DECIDE, **of)


def move(machine_id: str, chain: str, job_id: int, status: JobStatus) -> None:
    """Note that a job which waits or runs has changed from one to the other.

    This changes the status only if it comes from this job, so no other job has to be read.
    """
    execute(_MOVE, machine=machine_id, chain=chain, job=job_id, status=status.value)


_LOCK = """
INSERT INTO chain_status (machine_id, chain, status, stage, job_id, event_id)
SELECT machine_id, chain, status, stage, id, event_id FROM jobs
WHERE machine_id = :machine AND chain = :chain ORDER BY id DESC LIMIT 1
ON CONFLICT (machine_id, chain) DO UPDATE SET job_id = chain_status.job_id
"""

# Rules 1, 2 and 4: from the newest job that waits or runs, or else from the newest job.
_UPDATE = """
INSERT INTO chain_status (machine_id, chain, status, stage, job_id, event_id)
SELECT machine_id, chain, status, stage, id, (
    SELECT reacting.event_id
    FROM jobs AS reacting JOIN events ON events.id = reacting.event_id
    WHERE reacting.machine_id = :machine AND reacting.chain = :chain
        AND (events.effect = 'begins' OR events.chain <> :chain)
    ORDER BY reacting.id DESC LIMIT 1
)
FROM jobs
WHERE id = COALESCE((
    SELECT id FROM jobs AS unfinished
    WHERE machine_id = :machine AND chain = :chain AND status IN ('pending', 'running')
    ORDER BY id DESC LIMIT 1
), (
    SELECT id FROM jobs AS newest
    WHERE machine_id = :machine AND chain = :chain ORDER BY id DESC LIMIT 1
))
ON CONFLICT (machine_id, chain) DO UPDATE SET status = excluded.status, stage = excluded.stage,
    job_id = excluded.job_id, event_id = excluded.event_id
RETURNING status
"""

# Rule 3, once the newest job has succeeded.
_DECIDE = """
UPDATE chain_status SET
    status = CASE decision.effect WHEN 'ends' THEN 'complete' ELSE 'failed' END,
    stage = COALESCE(decision.stage, chain_status.stage),
    job_id = COALESCE(decision.job_id, chain_status.job_id)
FROM (
    SELECT events.effect, jobs.id AS job_id, jobs.stage
    FROM events LEFT JOIN jobs ON jobs.id = events.job_id
    WHERE events.machine_id = :machine AND events.chain = :chain
        AND events.id > COALESCE((
            SELECT event_id FROM chain_status AS run
            WHERE run.machine_id = :machine AND run.chain = :chain
        ), 0)
        -- A failed job that was retried has not failed any more.
        AND (events.effect = 'ends'
            OR events.effect = 'fails' AND COALESCE(jobs.status, 'failed') = 'failed')
    ORDER BY events.id DESC LIMIT 1
) AS decision
WHERE chain_status.machine_id = :machine AND chain_status.chain = :chain
"""

_MOVE = """
UPDATE chain_status SET status = :status
WHERE machine_id = :machine AND chain = :chain AND job_id = :job
    AND status IN ('pending', 'running')
"""
