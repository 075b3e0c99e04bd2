"""Lives learnt from ordinary real data: counts, whole numbers, a reading that rests at zero."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from GAN.evaluation.quality_report import QualityReport
from GAN.importing.columns import choose_columns
from GAN.importing.conversion import convert_runs
from GAN.importing.profile_inference import derive_profile
from GAN.manager import GANManager
from GAN.synthesis.machine_model import load
from tests.unit.importing.samples import written

NAMES = ["temperature", "speed", "alarms", "leak"]


def engines(units: int) -> pd.DataFrame:
    """Engines that warm up at different speeds, and finally leak and raise alarms."""
    rng = np.random.default_rng(3)
    lives = []
    for unit in range(1, units + 1):
        rows = int(rng.integers(120, 250))
        wear = (np.arange(1, rows + 1) / rows) ** 2
        own = rng.normal()
        life = {
            "engine": unit,
            "cycle": np.arange(1, rows + 1),
            "temperature": 600 + 20 * wear + own + rng.normal(0, 1, rows),
            "speed": np.round(9000 + 80 * wear + 5 * own + rng.normal(0, 10, rows)),
            "alarms": rng.poisson(0.2 + 6 * wear),
            "leak": np.maximum(0, 12 * wear - 3 + rng.normal(0, 0.4, rows)),
        }
        lives.append(pd.DataFrame(life))
    return pd.concat(lives, ignore_index=True)


class Imported:
    """What the file has become."""

    def __init__(self, root: Path) -> None:
        file = written(engines(25), root / "engines.parquet")
        table = pd.read_parquet(file)
        columns = choose_columns(table, {}, None).columns
        profile = derive_profile("turbofan_a", convert_runs(table, columns, "it"), {}, "it")
        manager = GANManager(root)
        seeded = manager.import_seed(profile, file, columns)
        trained = manager.train(profile)
        made = manager.generate(
            profile, model_path=trained.path, samples={"train": 8_000, "val": 2_000, "test": 2_000}
        )
        judged = manager.assess(profile)
        self.profile = profile
        self.model = load(trained.path)
        self.seed = pd.read_parquet(seeded.path)
        self.sets = {split: pd.read_parquet(path) for split, path in made.paths.items()}
        self.report = QualityReport.model_validate_json(judged.report_path.read_text())


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return Imported(tmp_path_factory.mktemp("imported"))


def test_the_sets_pass_their_gates(imported: Imported) -> None:
    assert imported.report.passed, imported.report.reasons


def test_what_is_whole_in_the_file_is_whole_in_the_sets(imported: Imported) -> None:
    for frame in imported.sets.values():
        for name in ("speed", "alarms"):
            assert (frame[name] == frame[name].round()).all()
        assert not (frame["temperature"] == frame["temperature"].round()).any()


def test_as_many_readings_are_zero_as_in_the_file(imported: Imported) -> None:
    made = imported.sets["train"]
    for name in ("alarms", "leak"):
        share = (imported.seed[name] == 0).mean()
        assert share > 0.25
        assert (made[name] == 0).mean() == pytest.approx(share, abs=0.05)


def test_the_model_knows_how_long_the_units_of_the_file_lived(imported: Imported) -> None:
    lived = imported.seed.groupby("unit_id")["rul_hours"].max()
    made = imported.sets["train"].groupby("unit_id")["rul_hours"].max()
    assert imported.model.lives.lifetimes is not None
    assert imported.model.lives.lifetimes.mean_hours == pytest.approx(lived.mean(), rel=0.05)
    assert made.mean() == pytest.approx(lived.mean(), rel=0.05)
