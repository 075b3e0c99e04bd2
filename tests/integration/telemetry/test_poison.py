"""Readings with which a prediction ends its process."""

from __future__ import annotations

import io
import multiprocessing
import re
import zipfile
from dataclasses import replace
from zipfile import ZipFile

import pytest

from storage.ledger.claims import Claim
from tests.integration.serving import claimed
from tests.integration.telemetry.plant import HOUR, Plant

#: At this age of a unit, LightGBM reads a feature outside its arrays, and the process ends.
DEADLY_HOURS = 50
#: The feature of the sensor forecast that is the unit's age.
AGE = "4"


def deadly(file: bytes) -> bytes:
    """The predictor, with one tree that ends the process for old units."""
    spoilt = io.BytesIO()
    with ZipFile(io.BytesIO(file)) as before, ZipFile(spoilt, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "sensor_forecast.txt":
                content = _with_deadly_branch(content.decode()).encode()
            after.writestr(zipfile.ZipInfo(name), content)
    return spoilt.getvalue()


def _with_deadly_branch(trees: str) -> str:
    """The first tree splits at the age, and old units meet a feature that is not there."""
    trees = re.sub(r"^tree_sizes=.*\n", "", trees, flags=re.MULTILINE)
    first, rest = trees.split("Tree=1", 1)
    lines = dict(line.split("=", 1) for line in first.splitlines() if "=" in line)
    left, right = ([int(n) for n in lines[f"{side}_child"].split()] for side in ("left", "right"))
    # Leaves are negative.
    inner, end = next(
        (inner, end)
        for inner in (left[0], right[0])
        if inner >= 0
        for end in (left[inner], right[inner])
        if end >= 0
    )
    other = left[inner] if end == right[inner] else right[inner]
    for line, node, value in (
        ("threshold", 0, "1e300" if inner == left[0] else "-1e300"),
        ("split_feature", inner, AGE),
        ("threshold", inner, str(DEADLY_HOURS)),
        ("left_child", inner, str(other)),
        ("right_child", inner, str(end)),
        ("split_feature", end, "1000000000"),
    ):
        values = lines[line].split()
        values[node] = value
        lines[line] = " ".join(values)
        first = re.sub(rf"^{line}=.*$", f"{line}={lines[line]}", first, flags=re.MULTILINE)
    return f"{first}Tree=1{rest}"


def second_attempt(plant: Plant) -> Claim:
    """The job that waits, as after a first attempt whose process ended."""
    (job_id,) = plant.open_jobs()
    return replace(claimed(job_id), crashes=1)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_second_attempt_passes_over_readings_that_end_the_process(plant: Plant) -> None:
    # Six processes follow; each imports what their server has not.
    multiprocessing.set_forkserver_preload(
        ["actors", "GAN.prognosis.predictor_file", "GAN.prognosis.tracking"]
    )
    plant.train(spoil=deadly)
    plant.send([plant.reading(hour, "b") for hour in (0, DEADLY_HOURS + 1)])
    plant.send([plant.reading(DEADLY_HOURS, unit) for unit in "ac"])
    plant.run(second_attempt(plant))
    states = {unit: plant.unit(unit) for unit in "abc"}
    assert all(state["condition_at"] == state["seen_at"] for state in states.values())
    assert [unit for unit, state in states.items() if state["condition"] is None] == ["b"]
    plant.send([plant.reading(DEADLY_HOURS + 2, "a")])
    assert plant.work() == 1
    assert plant.unit("a")["condition_at"] == plant.now + (DEADLY_HOURS + 2) * HOUR
