from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from errors import StageError
from GAN.config.tvae_config import TVAE_ROWS, TvaeConfig
from GAN.datasets.real_units import RealUnits
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import physics_seed
from GAN.synthesis.life_model import feature_names, nominal_readings
from GAN.synthesis.machine_model import load, save, sdv_metadata, train
from tests.unit.conftest import Reports, Training

#: Loads a model with SDV alone and samples from it.
STOCK_READER = """
import sys
from sdv.utils import load_synthesizer
synthesizer = load_synthesizer(sys.argv[1])
rows = synthesizer.sample(20)["table"]
print(type(synthesizer).__name__, type(synthesizer._model).__name__, len(rows))
print(len(synthesizer.get_loss_values()["Epoch"].unique()))
print(any(name.split(".")[0] in ("GAN", "errors") for name in sys.modules))
"""


def test_the_model_learns_life_fraction_mode_and_sensors_but_never_time(
    rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    frame = nominal_readings(rig_seed, rig)
    names = [sensor.name for sensor in rig.sensors]
    assert list(frame) == ["life_fraction", "failure_mode", *names] == feature_names(rig)
    assert frame["life_fraction"].min() == 0
    assert frame["life_fraction"].max() == 1


def test_sdv_takes_the_metadata_as_it_was_written(rig: MachineProfile) -> None:
    from sdv.metadata import Metadata

    written = json.loads(json.dumps(sdv_metadata(rig)))
    metadata = Metadata.load_from_dict(written)
    metadata.validate()
    assert metadata.to_dict() == written


def test_seed_data_of_another_profile_is_refused(
    rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    with pytest.raises(StageError, match="lacks flow"):
        nominal_readings(rig_seed.drop(columns="flow"), rig)


def test_progress_reports_the_table_then_every_tenth_of_the_epochs_and_the_last(
    rig_training: Training,
) -> None:
    first, *epochs = rig_training.reports
    assert first[1].startswith("learning ")
    assert rig_training.model.device == "cpu"
    assert [epoch for _, _, epoch, _ in epochs] == [*range(2, 25, 2), 25]
    assert [percent for percent, *_ in epochs] == [4 * epoch for _, _, epoch, _ in epochs if epoch]
    losses = rig_training.model.loss_history
    assert [loss for *_, loss in epochs] == [
        losses[epoch - 1] for _, _, epoch, _ in epochs if epoch
    ]


def test_rows_are_learnt_from_a_sample_of_a_simulated_seed_and_lives_from_all(
    rig: MachineProfile,
) -> None:
    seed = physics_seed(rig, TVAE_ROWS + 2_000)
    learnt = {}
    for kind, real in (("simulated", None), ("real", RealUnits(seed, None))):

        def first(percent: float, message: str, kind: str = kind, **_: object) -> None:
            learnt.setdefault(kind, message)

        model = train(seed, rig, TvaeConfig(epochs=1), 1, first, real=real).model
        rows = sum(one.noise_ends[-1] for one in model.lives.trajectories.trajectories)
        assert rows >= len(seed)
    assert learnt == {
        "simulated": "learning 5,000 rows of 7 columns",
        "real": "learning 7,000 rows of 7 columns",
    }


class Enough(Exception):
    """The listener stops the training."""


def test_a_progress_listener_can_end_the_training(
    rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    seen: list[int | None] = []

    def progress(
        percent: float, message: str, *, epoch: int | None = None, loss: float | None = None
    ) -> None:
        seen.append(epoch)
        if epoch == 3:
            raise Enough

    with pytest.raises(Enough):
        train(rig_seed, rig, TvaeConfig(epochs=10, batch_size=100), 1, progress)
    assert seen == [None, 1, 2, 3]


def test_the_loss_of_every_epoch_is_kept_and_falls(rig_training: Training) -> None:
    model = rig_training.model
    assert len(model.loss_history) == 25
    assert np.isfinite(model.loss_history).all()
    assert model.final_loss == model.loss_history[-1] < model.loss_history[0]
    assert model.loss_history == tuple(model.synthesizer.get_loss_values()["Loss"])
    assert model.num_features == 7
    assert model.training_time_seconds > 0


def test_the_same_seed_trains_the_same_model_and_another_seed_another(
    rig: MachineProfile, rig_seed: pd.DataFrame, reports: Reports
) -> None:
    frame = rig_seed.head(600)
    config = TvaeConfig(epochs=2, batch_size=100)
    first, again, other = (train(frame, rig, config, seed, reports) for seed in (1, 1, 2))
    assert first.loss_history == again.loss_history != other.loss_history
    rows, same_rows = (model.synthesizer.sample(50)["table"] for model in (first, again))
    pd.testing.assert_frame_equal(rows, same_rows)


def test_training_leaves_the_callers_random_numbers_alone(
    rig: MachineProfile, rig_seed: pd.DataFrame, reports: Reports
) -> None:
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    frame = rig_seed.head(600)
    train(frame, rig, TvaeConfig(epochs=1, batch_size=100), 1, reports)
    assert np.random.random() == expected


def test_a_trained_model_is_a_stock_one(rig_training: Training) -> None:
    from ctgan import TVAE
    from sdv.single_table import TVAESynthesizer

    synthesizer = rig_training.model.synthesizer
    assert type(synthesizer) is TVAESynthesizer
    assert type(synthesizer._model) is TVAE
    assert "_fit" not in vars(synthesizer)


def test_a_saved_model_opens_in_stock_sdv_without_fleetforge(
    rig_training: Training, tmp_path: Path
) -> None:
    path = tmp_path / "models" / "rig.pkl"
    save(rig_training.model.synthesizer, path)
    # -I keeps the repository off the module path in any working directory.
    said = subprocess.run(
        [sys.executable, "-I", "-c", STOCK_READER, str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.split() == ["TVAESynthesizer", "TVAE", "20", "25", "False"]
    assert list(path.parent.iterdir()) == [path]


def test_a_model_samples_the_same_after_saving_and_loading(
    rig_training: Training, tmp_path: Path
) -> None:
    path = tmp_path / "rig.pkl"
    save(rig_training.model.synthesizer, path)
    loaded, model = load(path), rig_training.model.model
    assert loaded.table.losses == rig_training.model.loss_history
    assert (
        set(loaded.lives.trajectories.failure_modes)
        == set(model.lives.trajectories.failure_modes)
        == {"bearing", "seal"}
    )
    pd.testing.assert_frame_equal(loaded.table.sample(30, 3), model.table.sample(30, 3))


def test_a_pickle_without_our_model_is_refused(rig_training: Training, tmp_path: Path) -> None:
    path = tmp_path / "rig.pkl"
    stranger = copy.copy(rig_training.model.synthesizer)
    del stranger.fleetforge_model
    save(stranger, path)
    with pytest.raises(StageError, match="train it again"):
        load(path)
