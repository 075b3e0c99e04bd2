"""A ledger with many onboarded machines, written straight into its tables."""

from __future__ import annotations

from storage.database import clock_ms, database, execute, is_sqlite, transaction

#: One of so many machines has failed, and so many of the last ones have been running for an hour.
FAILING, LATE = 100, 100
CATEGORIES = 12


def fill(machines: int) -> None:
    """Write machines that were onboarded one after the other, a second apart.

    Args:
        machines: How many, more than `LATE`; the ledger must be empty.
    """
    now = clock_ms()
    with transaction():
        for statement in (_MACHINES, _EVENTS, _JOBS, _FILES, _TRAININGS, _MODELS, _CHAINS):
            values = {"machines": machines, "now": now, "nothing": "{}"}
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            execute(statement, **used)
        execute(_WORKER, now=now)
        if not is_sqlite():  # SQLite's next id follows the highest one.
            for table in ("events", "jobs", "artifacts", "gan_training_jobs", "model_versions"):
                highest = f"(SELECT MAX(id) FROM {table})"
                execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {highest})")
    database.execute_sql("ANALYZE")


def machine_id(number: int) -> str:
    """The id of the machine with this number, counted from 0."""
    return f"machine_{10_000_000 + number}"


def correlation_id(number: int) -> str:
    """The correlation id of its run."""
    return f"run_{10_000_000 + number}"


def _rows(of_a_machine: int) -> str:
    """A table `n` of machines `i` and rows `k` of each, both counted from 0."""
    return f"""
    WITH RECURSIVE every(j) AS (
        SELECT 0 UNION ALL SELECT j + 1 FROM every WHERE j + 1 < :machines * {of_a_machine}
    ), n(j, i, k) AS (
        SELECT j, j / {of_a_machine}, j - j / {of_a_machine} * {of_a_machine} FROM every
    )
    """


_ID = "'machine_' || (10000000 + i)"
_RUN = "'run_' || (10000000 + i)"
_AT = "CAST(:now AS BIGINT) - 1000 * (:machines - i) - 3600000"
_FAILED = f"i / {FAILING} * {FAILING} = i"
_LATE = f"i >= :machines - {LATE}"
_STAGE = """CASE k WHEN 0 THEN 'generate_seed' WHEN 1 THEN 'train_tvae'
    WHEN 2 THEN 'generate_synthetic' ELSE 'assess_quality' END"""
_STATUS = f"""CASE WHEN k < 3 THEN 'success' WHEN {_LATE} THEN 'running'
    WHEN {_FAILED} THEN 'failed' ELSE 'success' END"""

_MACHINES = f"""
INSERT INTO machines (machine_id, machine_type, category, manufacturer, model, profile,
    profile_sha256, created_at)
{_rows(1)}
SELECT {_ID}, 'motor', 'category_' || (i - i / {CATEGORIES} * {CATEGORIES}), 'maker', 'model',
    :nothing, 'none', {_AT}
FROM n
"""

_EVENTS = f"""
INSERT INTO events (id, type, machine_id, correlation_id, causation_id, payload, key, chain, effect,
    actor, job_id, recurring, occurred_at)
{_rows(5)}
SELECT j + 1, CASE k WHEN 0 THEN 'MachineCreated' WHEN 1 THEN 'SeedReady' WHEN 2 THEN 'ModelTrained'
    WHEN 3 THEN 'SyntheticDataReady' ELSE CASE WHEN {_FAILED} THEN 'StageFailed'
    ELSE 'MachineOnboarded' END END,
    {_ID}, {_RUN}, CASE WHEN k > 0 THEN j END, :nothing, 'key_' || j, 'onboarding',
    CASE k WHEN 0 THEN 'begins' WHEN 4 THEN CASE WHEN {_FAILED} THEN 'fails' ELSE 'ends' END
    ELSE 'continues' END,
    'cli', CASE WHEN k > 0 THEN 4 * i + k END, FALSE, {_AT}
FROM n WHERE NOT (k = 4 AND {_LATE})
"""

_JOBS = f"""
INSERT INTO jobs (id, event_id, machine_id, stage, queue, chain, status, token, worker, lease_until,
    due_at, attempts, crashes, progress, message, created_at, dispatched_at, started_at,
    completed_at, seq)
{_rows(4)}
SELECT j + 1, 5 * i + k + 1, {_ID}, {_STAGE}, {_STAGE}, 'onboarding', {_STATUS}, 1, 'worker',
    CASE WHEN {_STATUS} = 'running' THEN CAST(:now AS BIGINT) + 3600000 END,
    {_AT}, 1, 0, 100, '', {_AT}, {_AT}, {_AT},
    CASE WHEN {_STATUS} <> 'running' THEN {_AT} + 900 END, {_AT}
FROM n
"""

_FILES = f"""
INSERT INTO artifacts (machine_id, job_id, key, staged_key, sha256, size, verdict, published_at,
    created_at)
{_rows(11)}
SELECT {_ID}, 4 * i + k / 3 + 1, 'files/' || {_ID} || '/' || k, 'staged/' || {_ID} || '/' || k,
    'none', 1000000, NULL, {_AT}, {_AT}
FROM n
"""

_TRAININGS = f"""
INSERT INTO gan_training_jobs (id, machine_id, task_id, status, epochs, progress, created_at,
    started_at, completed_at)
{_rows(1)}
SELECT i + 1, {_ID}, 4 * i + 2, 'success', 30, 100, {_AT}, {_AT}, {_AT} + 900 FROM n
"""

_MODELS = f"""
INSERT INTO model_versions (id, machine_id, training_job_id, version, model_path, sha256, epochs,
    num_features, final_loss, status, created_at)
{_rows(1)}
SELECT i + 1, {_ID}, i + 1, 1, 'files/' || {_ID} || '/3', 'none', 30, 8, 1.0, 'accepted', {_AT}
FROM n
"""

_CHAINS = f"""
INSERT INTO chain_status (machine_id, chain, status, stage, job_id, event_id)
{_rows(1)}
SELECT {_ID}, 'onboarding',
    CASE WHEN {_LATE} THEN 'running' WHEN {_FAILED} THEN 'failed' ELSE 'complete' END,
    'assess_quality', 4 * i + 4, 5 * i + 1
FROM n
"""

_WORKER = """
INSERT INTO workers (id, host, pid, queues, started_at, seen_at, ready_at)
VALUES ('worker', 'host', 1, 'all', :now, :now + 3600000, :now)
"""
