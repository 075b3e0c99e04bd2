from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from errors import InvalidInput, NotFound
from GAN.datasets.parquet import read_provenance, read_table
from GAN.evaluation import assessment
from GAN.manager import GANManager, ModelMetadata, QualityResult
from GAN.profiles.profile import MachineProfile
from tests.unit.conftest import RIG_SAMPLES, Reports

ID = "pump_test_rig_001"
SEED = f"GAN/seed_data/temporal/{ID}_temporal_seed.parquet"
METADATA = f"GAN/metadata/{ID}_metadata.json"
MODEL = f"GAN/models/tvae/temporal/{ID}_tvae_temporal_2epochs.pkl"
SETS = {split: f"GAN/data/synthetic/{ID}/{split}.parquet" for split in RIG_SAMPLES}
CARDS = {
    f"GAN/models/tvae/temporal/{ID}_tvae_temporal_2epochs.md",
    f"GAN/data/synthetic/{ID}/README.md",
    f"GAN/data/synthetic/{ID}/croissant.json",
}
REPORT = f"GAN/reports/generation/{ID}_report.json"
PAGE = f"GAN/reports/generation/{ID}_report.html"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="module")
def onboarded(rig: MachineProfile, root: Path) -> tuple[QualityResult, Reports]:
    reports = Reports()
    result = GANManager(root).onboard(
        rig, rows=1_000, epochs=2, samples=RIG_SAMPLES, seed=3, progress=reports
    )
    return result, reports


def test_onboarding_puts_every_file_under_its_known_name(
    root: Path, onboarded: tuple[QualityResult, Reports]
) -> None:
    result, _ = onboarded
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert files == {SEED, METADATA, MODEL, *SETS.values(), *CARDS, REPORT, PAGE}
    assert result.report_path == root / REPORT
    assert result.page_path == root / PAGE
    assert result.passed
    written = json.loads(result.report_path.read_text())
    assert written["rows"]["quality_score"] == result.quality_score
    assert written["worth"]["tested_on"] == "30 fresh simulated units"


def test_every_step_reports_its_progress(onboarded: tuple[QualityResult, Reports]) -> None:
    _, reports = onboarded
    percents = [percent for percent, *_ in reports]
    assert percents[0] == 0
    assert percents.count(100) == 4
    assert all(0 <= percent <= 100 for percent in percents)


def test_files_know_their_origin(
    root: Path, rig: MachineProfile, onboarded: tuple[QualityResult, Reports]
) -> None:
    for split, rows in RIG_SAMPLES.items():
        facts = read_provenance(root / SETS[split])
        assert facts["kind"] == "synthetic"
        assert facts["split"] == split
        assert facts["profile_sha256"] == rig.sha256
        assert len(read_table(root / SETS[split])) == rows
    assert read_provenance(root / SEED)["seed"] == "3"
    assert set(json.loads((root / METADATA).read_text())["tables"]) == {"table"}


def test_judges_take_one_thread(
    rig: MachineProfile,
    root: Path,
    onboarded: tuple[QualityResult, Reports],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With more threads they wait for each other when other programs are busy."""
    from threadpoolctl import threadpool_info, threadpool_limits

    judged = assessment.likeness
    threads = set()

    def watched(*arguments: Any) -> Any:
        found = judged(*arguments)  # By then all that it takes is loaded.
        threads.update(each["num_threads"] for each in threadpool_info())
        return found

    monkeypatch.setattr(assessment, "likeness", watched)
    with threadpool_limits(2):
        GANManager(root).assess(rig)
    assert threads == {1}


def test_a_seed_result_says_what_was_made(rig: MachineProfile, tmp_path: Path) -> None:
    result = GANManager(tmp_path).create_seed(rig, rows=1_500)
    frame = read_table(result.path)
    assert len(frame) == result.rows == 1_500
    assert frame["unit_id"].nunique() == result.units == 4
    assert result.num_features == 7
    assert frame["rul_hours"].iloc[0] - frame["rul_hours"].iloc[1] == result.time_step_hours


def test_explicit_paths_win_over_known_names(
    root: Path, rig: MachineProfile, onboarded: tuple[QualityResult, Reports], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    seed = Path(shutil.copy(root / SEED, elsewhere / "a.parquet"))
    model = Path(shutil.copy(root / MODEL, elsewhere / "b.pkl"))
    manager = GANManager(tmp_path / "out")
    trained = manager.train(rig, seed_path=seed, epochs=1)
    assert trained.path == tmp_path / "out" / MODEL.replace("2epochs", "1epochs")
    assert len(trained.loss_history) == 1
    assert trained.final_loss == trained.loss_history[-1]
    assert trained.num_features == 7
    made = manager.generate(rig, model_path=model, seed_path=seed, samples=RIG_SAMPLES, seed=3)
    assert made.rows == RIG_SAMPLES
    for split, path in made.paths.items():
        assert path == tmp_path / "out" / SETS[split]
        assert read_table(path).equals(read_table(root / SETS[split]))
    judged = manager.assess(rig, seed_path=seed, split_paths=made.paths, model_path=model)
    assert judged.quality_score == onboarded[0].quality_score


def test_a_missing_input_names_the_call_that_makes_it(
    rig: MachineProfile, root: Path, onboarded: tuple[QualityResult, Reports], tmp_path: Path
) -> None:
    manager = GANManager(tmp_path)
    with pytest.raises(NotFound, match=r"create_seed\(\) makes it"):
        manager.train(rig)
    with pytest.raises(NotFound, match=r"train\(\) makes it"):
        manager.generate(rig, seed_path=root / SEED)
    with pytest.raises(NotFound, match=r"train\(\) makes it"):
        manager.generate(rig, seed_path=root / SEED, model_path=tmp_path / "none.pkl")
    with pytest.raises(NotFound, match=r"generate\(\) makes it"):
        manager.assess(rig, seed_path=root / SEED, model_path=root / MODEL)


def test_the_model_written_last_counts_whatever_its_epochs(tmp_path: Path) -> None:
    manager = GANManager(tmp_path)
    folder = tmp_path / "GAN/models/tvae/temporal"
    folder.mkdir(parents=True)
    ages = {
        f"{ID}_tvae_temporal_300epochs.pkl": 100,
        f"{ID}_tvae_temporal_5epochs.pkl": 200,
        f"another_{ID}_tvae_temporal_5epochs.pkl": 300,
        f"{ID}_tvae_temporal_5epochs.pkl.part": 400,
        f"{ID}_tvae_temporal_300epochs.md": 500,
    }
    for name, modified in ages.items():
        (folder / name).touch()
        os.utime(folder / name, (modified, modified))
    assert manager.newest_model(ID).name == f"{ID}_tvae_temporal_5epochs.pkl"
    with pytest.raises(NotFound):
        manager.newest_model("pump_test_rig")


@pytest.mark.usefixtures("onboarded")
class TestModelMetadata:
    def test_it_comes_from_the_files_alone(
        self, root: Path, rig: MachineProfile, tmp_path: Path
    ) -> None:
        shutil.copytree(root, tmp_path, dirs_exist_ok=True)
        manager = GANManager(tmp_path)
        trained = manager.train(rig, epochs=1)
        found = manager.get_model_metadata(ID)
        assert found == ModelMetadata(
            path=trained.path,
            sha256=hashlib.sha256(trained.path.read_bytes()).hexdigest(),
            epochs=1,
            final_loss=trained.final_loss,
            training_time_seconds=round(trained.training_time_seconds, 3),
            rows=1_000,
        )

    def test_it_is_that_of_the_model_modified_last(self, root: Path, tmp_path: Path) -> None:
        shutil.copytree(root, tmp_path, dirs_exist_ok=True)
        model = tmp_path / MODEL
        older = model.with_name(model.name.replace("2epochs", "300epochs"))
        older.write_bytes(b"older")
        os.utime(older, (100, 100))
        assert GANManager(tmp_path).get_model_metadata(ID).epochs == 2

    def test_the_pickle_is_not_loaded(self, tmp_path: Path) -> None:
        model = tmp_path / MODEL
        model.parent.mkdir(parents=True)
        model.write_bytes(b"no pickle at all")
        found = GANManager(tmp_path).get_model_metadata(ID)
        assert (found.path, found.epochs) == (model, 2)
        assert (found.final_loss, found.training_time_seconds, found.rows) == (None, None, None)

    def test_the_card_of_another_model_is_ignored(self, root: Path, tmp_path: Path) -> None:
        shutil.copytree(root, tmp_path, dirs_exist_ok=True)
        with (tmp_path / MODEL).open("ab") as model:
            model.write(b"changed")
        found = GANManager(tmp_path).get_model_metadata(ID)
        assert (found.final_loss, found.training_time_seconds, found.rows) == (None, None, None)

    @pytest.mark.parametrize(
        ("written", "instead"),
        [("rows: 1000", "rows: many"), ("rows: 1000", "rows: .nan"), ("rows: 1000", "rows: [1]")],
    )
    def test_a_fact_that_is_no_number_is_unknown(
        self, root: Path, tmp_path: Path, written: str, instead: str
    ) -> None:
        shutil.copytree(root, tmp_path, dirs_exist_ok=True)
        card = (tmp_path / MODEL).with_suffix(".md")
        text = card.read_text()
        assert written in text
        card.write_text(text.replace(written, instead))
        found = GANManager(tmp_path).get_model_metadata(ID)
        assert found.rows is None
        assert found.final_loss is not None

    def test_without_a_model_it_says_which_call_makes_one(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match=rf"no model of {ID} in .*train\(\) makes it"):
            GANManager(tmp_path).get_model_metadata(ID)


def test_settings_are_checked_before_any_work(rig: MachineProfile, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="epochs"):
        GANManager(tmp_path).onboard(rig, epochs=0)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("module", ["GAN.manager", "GAN.files", "GAN.config.tvae_config"])
def test_importing_it_costs_none_of_the_heavy_libraries(module: str) -> None:
    heavy = "torch, sdv, ctgan, sdmetrics, pandas, plotly, pyarrow"
    code = (
        f"import sys, {module}\n"
        f"print([name for name in '{heavy}'.split(', ') if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == "[]"
