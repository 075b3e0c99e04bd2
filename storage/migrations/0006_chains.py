"""Events that name their job, chain and actor; a stored status for each chain of a machine."""

from typing import Any

# Until this migration there was one chain, and each event had one stage that reacted to it.
STATEMENTS = """
ALTER TABLE events ADD COLUMN chain VARCHAR(60) NOT NULL DEFAULT 'onboarding';
ALTER TABLE events ADD COLUMN effect VARCHAR(10) NOT NULL DEFAULT 'continues'
    CHECK (effect IN ('begins', 'continues', 'ends', 'fails', 'notice'));
ALTER TABLE events ADD COLUMN actor VARCHAR(60);
ALTER TABLE events ADD COLUMN job_id INTEGER;
ALTER TABLE jobs ADD COLUMN chain VARCHAR(60) NOT NULL DEFAULT 'onboarding';
ALTER TABLE jobs ADD COLUMN overdue_event_id INTEGER;
ALTER TABLE workers ADD COLUMN ready_at BIGINT;
UPDATE workers SET ready_at = started_at;
CREATE TABLE chain_status (
    machine_id VARCHAR(100) NOT NULL REFERENCES machines (machine_id) ON DELETE CASCADE,
    chain VARCHAR(60) NOT NULL,
    status VARCHAR(10) NOT NULL
        CHECK (status IN ('pending', 'running', 'success', 'failed', 'cancelled', 'complete')),
    stage VARCHAR(60) NOT NULL,
    job_id INTEGER NOT NULL,
    event_id INTEGER,
    PRIMARY KEY (machine_id, chain)
);
UPDATE events SET effect = CASE
    WHEN type IN ('MachineCreated', 'RunDataSubmitted') THEN 'begins'
    WHEN type = 'MachineOnboarded' THEN 'ends'
    WHEN type = 'StageFailed' THEN 'fails'
    WHEN type = 'StageOverdue' THEN 'notice'
    ELSE 'continues' END;
UPDATE events SET job_id = (
    SELECT jobs.id FROM jobs WHERE jobs.event_id = events.causation_id
)
WHERE effect NOT IN ('begins', 'notice') AND EXISTS (
    SELECT 1 FROM events AS cause
    WHERE cause.id = events.causation_id AND cause.correlation_id = events.correlation_id
) AND (SELECT COUNT(*) FROM jobs WHERE jobs.event_id = events.causation_id) = 1;
UPDATE events SET actor = 'system' WHERE job_id IS NOT NULL OR effect = 'notice';
UPDATE events SET effect = 'begins' WHERE job_id IS NULL AND effect = 'continues';
UPDATE jobs SET overdue_event_id = (
    SELECT events.id FROM events
    WHERE events.key = 'StageOverdue:' || jobs.id || '.' || jobs.token
)
WHERE status IN ('pending', 'running');
CREATE INDEX events_chain ON events (machine_id, chain, id);
CREATE INDEX events_job ON events (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX jobs_chain ON jobs (machine_id, chain, id);
CREATE INDEX jobs_open ON jobs (machine_id, chain, id) WHERE status IN ('pending', 'running');
CREATE INDEX chain_status_status ON chain_status (chain, status, machine_id);
CREATE INDEX chain_status_stage ON chain_status (chain, stage, machine_id);
INSERT INTO chain_status (machine_id, chain, status, stage, job_id, event_id)
SELECT newest.machine_id, 'onboarding',
    CASE WHEN newest.status <> 'success' OR decision.id IS NULL THEN newest.status
        WHEN decision.effect = 'ends' THEN 'complete' ELSE 'failed' END,
    COALESCE(failed.stage, newest.stage), COALESCE(failed.id, newest.id), newest.began
FROM (
    SELECT jobs.id, jobs.machine_id, jobs.stage, jobs.status, (
        SELECT MAX(before.event_id) FROM jobs AS before JOIN events ON events.id = before.event_id
        WHERE before.machine_id = jobs.machine_id AND events.effect = 'begins'
    ) AS began
    FROM jobs WHERE jobs.id = COALESCE((
        SELECT MAX(unfinished.id) FROM jobs AS unfinished
        WHERE unfinished.machine_id = jobs.machine_id
            AND unfinished.status IN ('pending', 'running')
    ), (SELECT MAX(latest.id) FROM jobs AS latest WHERE latest.machine_id = jobs.machine_id))
) AS newest
LEFT JOIN events AS decision ON decision.id = (
    SELECT MAX(events.id) FROM events LEFT JOIN jobs ON jobs.id = events.job_id
    WHERE events.machine_id = newest.machine_id AND events.id > COALESCE(newest.began, 0)
        AND (events.effect = 'ends'
            OR events.effect = 'fails' AND COALESCE(jobs.status, 'failed') = 'failed')
)
LEFT JOIN jobs AS failed ON failed.id = decision.job_id AND newest.status = 'success'
"""


def up(migrator: Any, db: Any) -> None:
    """Add the columns and the table, and fill them for existing rows."""
    for statement in STATEMENTS.split(";"):
        db.execute_sql(statement)
