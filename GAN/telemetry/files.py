"""Files of readings."""

from __future__ import annotations

from pathlib import Path

from errors import InvalidInput, Problem
from GAN.config.limits import MAX_BATCH_BYTES
from GAN.telemetry.batch import SUFFIXES, SentBatch, read_batch


def is_readings_name(path: Path) -> bool:
    """Whether a file has the name of readings, by its suffix."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read_readings(path: Path) -> SentBatch:
    """Read a file of readings.

    Raises:
        InvalidInput: It cannot be read, is too large, or is no readings.
    """
    if path.suffix.lower() not in SUFFIXES:
        advice = f"name it {', '.join(f'*{suffix}' for suffix in SUFFIXES)}"
        raise InvalidInput(path.name, [Problem("", "not a file of readings", advice)])
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BATCH_BYTES + 1)
    except OSError as error:
        problem = Problem("", f"cannot be read: {error.strerror}", "check the path")
        raise InvalidInput(path.name, [problem]) from None
    if len(data) > MAX_BATCH_BYTES:
        advice = f"divide it into files of at most {MAX_BATCH_BYTES:,} bytes"
        raise InvalidInput(path.name, [Problem("", "too large", advice)])
    return read_batch(data, SUFFIXES[path.suffix.lower()], path.name)
