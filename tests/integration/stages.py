"""Small stages that do what real ones may do, one thing each."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from pathlib import Path

from actors.stage import Job
from errors import StageError
from events.vocabulary import MachineCreated, SeedReady, StageFailed


def succeed(event: MachineCreated, job: Job) -> SeedReady:
    job.progress(50, "half way", epoch=1, loss=0.5)
    folder = job.workspace / "GAN"
    folder.mkdir()
    (folder / f"{job.machine_id}.txt").write_text("finished")
    return SeedReady(machine_id=job.machine_id, **event.plan())


def diverge(event: MachineCreated, job: Job) -> SeedReady:
    job.progress(50, "epoch 1 of 2", epoch=1, loss=0.5)
    job.progress(100, "epoch 2 of 2", epoch=2, loss=float("nan"))
    return SeedReady(machine_id=job.machine_id)


def read_input(event: MachineCreated, job: Job) -> SeedReady:
    text = job.input(f"GAN/{job.machine_id}.txt").read_text()
    (job.workspace / "copy.txt").write_text(text)
    return SeedReady(machine_id=job.machine_id)


def give_up(event: MachineCreated, job: Job) -> StageFailed:
    (job.workspace / "report.txt").write_text("poor")
    return StageFailed(machine_id=job.machine_id, stage="give_up", reason="too poor")


def refuse(event: MachineCreated, job: Job) -> SeedReady:
    raise StageError("the profile cannot be simulated")


def stumble(event: MachineCreated, job: Job) -> SeedReady:
    raise ValueError("array must not contain infs or NaNs")


def fill_the_disk(event: MachineCreated, job: Job) -> SeedReady:
    (job.workspace / "half").write_text("half a file")
    raise OSError(28, "No space left on device")


def kill_itself(event: MachineCreated, job: Job) -> SeedReady:
    (job.workspace / "half").write_text("half a file")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def segfault(event: MachineCreated, job: Job) -> SeedReady:
    ctypes.string_at(0)
    raise AssertionError


def hang(event: MachineCreated, job: Job) -> SeedReady:
    (job.workspace / "half").write_text("half a file")
    job.progress(10, f"hanging as {os.getpid()}")
    threading.Event().wait()
    raise AssertionError


def wait_for_file(event: MachineCreated, job: Job) -> SeedReady:
    """Finish once a file named by the machine's profile appears."""
    job.progress(10, f"waiting as {os.getpid()}")
    while not Path(job.profile.description).exists():
        threading.Event().wait(0.02)
    (job.workspace / "late.txt").write_text("late")
    return SeedReady(machine_id=job.machine_id)
