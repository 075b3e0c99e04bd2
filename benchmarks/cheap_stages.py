"""Cheap replacements of the chain's stages, with the same events, files and processes.

A machine's description is JSON that controls them:

    {"bytes": 2000, "seconds": 0.05, "full_disks": "folder"}

These are the bytes that each stage writes, its duration, and a folder: a worker has a full disk if
a file in this folder has its process id as name. Without a description the stages do nothing.
"""

from __future__ import annotations

import hashlib
import json
import resource
import time
from dataclasses import replace
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from actors.stage import STAGES, Job
from benchmarks.trace import trace
from events.vocabulary import (
    MachineCreated,
    MachineOnboarded,
    ModelTrained,
    PredictorRequested,
    PredictorTrained,
    RetrainRequested,
    SeedReady,
    SyntheticDataReady,
)
from GAN import layout


def generate_seed(event: MachineCreated, job: Job) -> SeedReady:
    """Write a seed file."""
    key = layout.seed_key(job.machine_id)
    _work(job, key)
    return SeedReady(machine_id=job.machine_id, **event.plan(), seed_key=key)


def train_tvae(event: SeedReady | RetrainRequested, job: Job) -> ModelTrained:
    """Write a model file that depends on the seed."""
    key = layout.model_key(job.machine_id, event.epochs)
    _work(job, key, layout.seed_key(job.machine_id))
    return ModelTrained(
        machine_id=job.machine_id,
        **event.plan(),
        model_key=key,
        final_loss=0.0,
        training_time_seconds=0.0,
        num_features=1,
    )


def generate_synthetic(event: ModelTrained, job: Job) -> SyntheticDataReady:
    """Write a set that depends on the model."""
    key = layout.split_key(job.machine_id, "train")
    _work(job, key, layout.model_key(job.machine_id, event.epochs))
    return SyntheticDataReady(machine_id=job.machine_id, **event.plan())


def assess_quality(event: SyntheticDataReady, job: Job) -> MachineOnboarded:
    """Write a report that depends on the set."""
    key = layout.report_key(job.machine_id)
    _work(job, key, layout.split_key(job.machine_id, "train"))
    return MachineOnboarded(machine_id=job.machine_id, **event.plan(), report_key=key)


def train_predictor(event: MachineOnboarded | PredictorRequested, job: Job) -> PredictorTrained:
    """Write a predictor file that depends on the set."""
    key = layout.predictor_key(job.machine_id, 1)
    _work(job, key, layout.split_key(job.machine_id, "train"))
    return PredictorTrained(
        machine_id=job.machine_id,
        predictor_key=key,
        version=1,
        learnt_from=event.type,
        units=0,
        scores={},
        training_time_seconds=0.0,
    )


CHEAP = (generate_seed, train_tvae, generate_synthetic, assess_quality, train_predictor)


def install() -> None:
    """Replace the functions of the real stages; subscriptions and queues stay the same."""
    for function in CHEAP:
        STAGES[function.__name__] = replace(STAGES[function.__name__], function=function)


def _work(job: Job, key: str, before: str | None = None) -> None:
    trace(first_line=job.id)
    behaviour = json.loads(job.profile.description or "{}")
    if "seconds" in behaviour:
        job.progress(50, "half way")
        time.sleep(behaviour["seconds"])
    if "bytes" in behaviour:
        source = job.input(before).read_bytes() if before else job.machine_id.encode()
        _write(job.workspace / key, hashlib.sha256(source).digest(), behaviour)


def _write(path: Path, digest: bytes, behaviour: dict[str, Any]) -> None:
    size = behaviour["bytes"]
    path.parent.mkdir(parents=True)
    disks = behaviour.get("full_disks")
    worker = parent_process()
    if disks and worker and (Path(disks) / str(worker.pid)).exists():
        # The kernel then rejects the second half of the file, as with a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, resource.RLIM_INFINITY))
    path.write_bytes((digest * (size // len(digest) + 1))[:size])
