"""Files that version 0.1 wrote still work: one machine's seed, model, sets and report."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GAN import layout
from GAN.config.quality_gates import GATES
from GAN.datasets.parquet import read_table
from GAN.datasets.provenance import read_origin
from GAN.evaluation.quality_report import QualityReport
from GAN.manager import GANManager
from GAN.profiles.catalogue import fleet_profile
from GAN.profiles.profile import MachineProfile
from GAN.synthesis.machine_model import load

ID = "pump_grundfos_cr3_004"
ARCHIVE = Path(__file__).parents[1] / "fixtures" / "home-0.1.tar.xz"
#: Gates of version 0.1 that others have replaced.
RETIRED = {"error_ratio"}
SAMPLES = {"train": 600, "val": 200, "test": 200}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def pump() -> MachineProfile:
    return fleet_profile(ID)


def test_its_seed_can_be_read_and_trained_on(home: Path, pump: MachineProfile) -> None:
    origin = read_origin(home / layout.seed_key(ID))
    assert (origin.rows, origin.units, origin.is_real) == (1_000, 4, False)
    assert GANManager(home).train(pump, epochs=1).epochs == 1


def test_its_model_loads_and_generates_lives(home: Path, pump: MachineProfile) -> None:
    model = load(home / layout.model_key(ID, 2))
    assert len(model.table.losses) == 2
    assert model.origin == read_origin(home / layout.seed_key(ID))
    made = GANManager(home).generate(pump, samples=SAMPLES, seed=1)
    assert made.rows == SAMPLES
    frame = read_table(made.paths["train"])
    assert frame.notna().to_numpy().all()
    assert (frame.groupby("unit_id")["rul_hours"].last() == 0.0).all()
    # Its trajectories of codes have become trajectories of readings that wear as in its seed.
    names = [sensor.name for sensor in pump.sensors if sensor.failure is not None]
    seed = read_table(home / layout.seed_key(ID))
    worn, made_worn = (
        lives[names].corrwith(lives["rul_hours"], method="spearman") for lives in (seed, frame)
    )
    clearly = worn.abs() > 0.45
    assert clearly.sum() >= 3
    assert (np.sign(worn) * made_worn)[clearly].min() > 0.35


def test_the_facts_of_its_model_come_from_its_card(home: Path) -> None:
    found = GANManager(home).get_model_metadata(ID)
    assert found.path == home / layout.model_key(ID, 2)
    assert found.sha256 == "279858d3b601894be3a78ab43678929f5cf1c40092ea624b3056274387e94cc7"
    assert (found.epochs, found.final_loss) == (2, 3.3975)
    assert (found.training_time_seconds, found.rows) == (0.5, 1_000)


def test_its_report_can_be_read(home: Path) -> None:
    text = (home / layout.report_key(ID)).read_text()
    report = QualityReport.model_validate_json(text)
    assert report.passed
    old = json.loads(text)
    kept = [gate for gate in old["gates"] if gate["name"] not in RETIRED]
    assert [gate.value for gate in report.gates] == [gate["figure"] for gate in kept]
    later = {
        "life_length_error",
        "nearest_life_distance",
        "failure_mode_chance",
        "worth",
        "unit_difference_error",
        "held_out_error",
    }
    assert {gate.metric for gate in report.gates} == GATES.keys() - later
    assert report.worth is None
    assert report.rows.rows_c2st_auc == old["rows"]["rows_told_apart"]
    assert report.shuffled_baseline.monotonicity == old["in_a_bag"]["monotonicity"]


def test_todays_report_has_all_keys_of_its_report_but_the_score_and_the_usefulness(
    home: Path, pump: MachineProfile
) -> None:
    path = home / layout.report_key(ID)
    before = json.loads(path.read_text())
    GANManager(home).assess(pump)
    after = json.loads(path.read_text())
    gone = keys(before) - keys(after)
    assert {key for key in gone if not key.startswith("/usefulness")} == {"/quality_score"}
    gates = [{gate["name"] for gate in report["gates"]} for report in (before, after)]
    assert gates[0] - gates[1] == RETIRED
    assert after["gates"][1]["figure"] == after["gates"][1]["value"]


def keys(value: Any, path: str = "") -> set[str]:
    """Paths of all keys in a JSON document."""
    if isinstance(value, dict):
        return {path}.union(*(keys(part, f"{path}/{name}") for name, part in value.items()))
    if isinstance(value, list):
        return {path}.union(*(keys(part, f"{path}[]") for part in value))
    return {path}


def test_its_sets_can_be_judged(home: Path, pump: MachineProfile) -> None:
    result = GANManager(home).assess(pump)
    assert result.report_path == home / layout.report_key(ID)
    assert 0.0 < result.quality_score <= 1.0
