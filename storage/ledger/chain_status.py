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

#: The chain whose status is the machine's own: from a profile to accepted synthetic data.
ONBOARDING = "onboarding"


def update(machine_id: str, *chains: str) -> None:
    """Update the status of chains; call it last in a transaction.

    Every transaction changes jobs first, then chains in the order of their names. So two
    transactions never wait for each other.

    Args:
        machine_id: The machine.
        chains: Chains with a job or an event that this transaction has changed.
    """
    for chain in sorted(chains):
        if not is_sqlite():
            # SQLite has one writer. PostgreSQL reads a snapshot as of a statement's start: lock the
            # row first, then read what the previous transaction committed.
            execute(_LOCK, machine=machine_id, chain=chain)
        execute(_UPDATE, machine=machine_id, chain=chain)


_LOCK = """
INSERT INTO chain_status (machine_id, chain, status, stage, job_id, event_id)
SELECT machine_id, chain, status, stage, id, event_id FROM jobs
WHERE machine_id = :machine AND chain = :chain ORDER BY id DESC LIMIT 1
ON CONFLICT (machine_id, chain) DO UPDATE SET job_id = chain_status.job_id
"""

_UPDATE = """
WITH newest AS (
    SELECT id, stage, status FROM jobs
    WHERE machine_id = :machine AND chain = :chain ORDER BY id DESC LIMIT 1
), unfinished AS (
    SELECT id, stage, status FROM jobs
    WHERE machine_id = :machine AND chain = :chain AND status IN ('pending', 'running')
    ORDER BY id DESC LIMIT 1
), beginning AS (
    SELECT events.id FROM jobs JOIN events ON events.id = jobs.event_id
    WHERE jobs.machine_id = :machine AND jobs.chain = :chain
        AND (events.effect = 'begins' OR events.chain <> :chain)
    ORDER BY jobs.id DESC LIMIT 1
), decision AS (
    SELECT events.effect, jobs.id, jobs.stage
    FROM events LEFT JOIN jobs ON jobs.id = events.job_id
    WHERE events.machine_id = :machine AND events.chain = :chain
        AND events.id > COALESCE((SELECT id FROM beginning), 0)
        -- A failed job that was retried no longer counts as failed.
        AND (events.effect = 'ends'
            OR events.effect = 'fails' AND COALESCE(jobs.status, 'failed') = 'failed')
    ORDER BY events.id DESC LIMIT 1
), state AS (
    SELECT
        CASE WHEN unfinished.id IS NOT NULL THEN unfinished.status
            WHEN newest.status <> 'success' OR decision.effect IS NULL THEN newest.status
            WHEN decision.effect = 'ends' THEN 'complete' ELSE 'failed' END AS status,
        CASE WHEN unfinished.id IS NOT NULL THEN unfinished.id
            WHEN newest.status <> 'success' OR decision.id IS NULL THEN newest.id
            ELSE decision.id END AS job_id,
        (SELECT id FROM beginning) AS event_id
    FROM newest LEFT JOIN unfinished ON TRUE LEFT JOIN decision ON TRUE
)
INSERT INTO chain_status (machine_id, chain, status, stage, job_id, event_id)
SELECT :machine, :chain, state.status, jobs.stage, jobs.id, state.event_id
FROM state JOIN jobs ON jobs.id = state.job_id WHERE TRUE
ON CONFLICT (machine_id, chain) DO UPDATE SET status = excluded.status, stage = excluded.stage,
    job_id = excluded.job_id, event_id = excluded.event_id
"""
