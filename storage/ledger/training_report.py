"""`gan_training_jobs`: a row for each training, for reports; it mirrors the training's job.

Each function runs inside the transaction that changes the job, so the row always matches the job.
"""

from __future__ import annotations

from storage.database import execute


def open_report(job_id: int, machine_id: str, epochs: int | None) -> None:
    """Add the row of a training job."""
    execute(_OPEN, job=job_id, machine=machine_id, epochs=epochs)


def follow(job_id: int) -> None:
    """Copy a job's state into its row; does nothing for a job without one."""
    execute(_FOLLOW, job=job_id)


_OPEN = """
INSERT INTO gan_training_jobs (machine_id, task_id, status, epochs, progress, created_at)
VALUES (:machine, :job, 'pending', :epochs, 0, {now})
"""

_FOLLOW = """
UPDATE gan_training_jobs
SET (status, progress, error_message, started_at, completed_at) = (
    SELECT CASE status WHEN 'cancelled' THEN 'failed' ELSE status END,
        progress, error_message, started_at, completed_at
    FROM jobs WHERE jobs.id = :job
)
WHERE task_id = :job
"""
