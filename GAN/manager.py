"""One object for the whole pipeline, used by notebooks and by the worker stages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from GAN import files, layout
from GAN.config.tvae_config import (
    DEFAULT_EPOCHS,
    DEFAULT_ROWS,
    DEFAULT_SAMPLES,
    TvaeConfig,
)
from GAN.predictor_manager import PredictorManager
from GAN.profiles.profile import MachineProfile
from GAN.progress import Progress, silent
from GAN.results import (
    GenerationResult,
    ModelMetadata,
    PredictorResult,
    QualityResult,
    SeedResult,
    TrainingResult,
)

if TYPE_CHECKING:
    import pandas as pd

    from GAN.importing.columns import RunColumns

__all__ = [
    "GANManager",
    "GenerationResult",
    "ModelMetadata",
    "PredictorResult",
    "QualityResult",
    "SeedResult",
    "TrainingResult",
]


class GANManager(PredictorManager):
    """Creates seed data, a model, synthetic sets, a quality report and predictors for a machine.

    Every result is a file below `root` under a fixed name (`GAN.layout`). Inputs are read from
    there too, unless their paths are given.
    """

    def create_seed(
        self,
        profile: MachineProfile,
        rows: int = DEFAULT_ROWS,
        seed: int = 0,
        progress: Progress = silent,
    ) -> SeedResult:
        """Simulate run-to-failure seed data from a machine's profile.

        Raises:
            InvalidInput: `rows` or `seed` is out of range.
        """
        from GAN.simulation.physics import physics_seed

        progress(0, f"simulating {rows:,} rows")
        frame = physics_seed(profile, rows, seed)
        progress(80, "writing the seed data")
        return self._write_seed(frame, profile, progress, seed=seed)

    def import_seed(
        self,
        profile: MachineProfile,
        file: Path,
        columns: RunColumns,
        *,
        failure_mode: str | None = None,
        physics_share: float = 0.0,
        seed: int = 0,
        progress: Progress = silent,
    ) -> SeedResult:
        """Create seed data from real run-to-failure data; see `GAN.importing.seed.imported_seed`.

        Raises:
            InvalidInput: With every problem of the file.
        """
        from GAN.datasets.parquet import write_table
        from GAN.importing.seed import imported_seed

        frame, unfailed, facts = imported_seed(
            profile, file, columns, failure_mode, physics_share, seed, progress
        )
        progress(80, "writing the seed data")
        if len(unfailed):
            path = self.root / layout.unfailed_key(profile.machine_id)
            write_table(unfailed, path, profile, "unfailed", file_sha256=facts["file_sha256"])
        return self._write_seed(frame, profile, progress, seed=seed, **facts)

    def _write_seed(
        self, frame: pd.DataFrame, profile: MachineProfile, progress: Progress, **facts: object
    ) -> SeedResult:
        """Write a seed and the metadata that describes it."""
        from GAN.datasets.parquet import write_table
        from GAN.datasets.run_to_failure import time_step_of
        from GAN.synthesis.life_model import feature_names
        from GAN.synthesis.machine_model import sdv_metadata

        path = self.root / layout.seed_key(profile.machine_id)
        write_table(frame, path, profile, "seed", **facts)
        metadata_path = self.root / layout.metadata_key(profile.machine_id)
        files.write_text(metadata_path, json.dumps(sdv_metadata(profile), indent=2) + "\n")
        units = int(frame["unit_id"].nunique())
        progress(100, f"{len(frame):,} rows, {units} lives")
        return SeedResult(
            path=path,
            metadata_path=metadata_path,
            rows=len(frame),
            units=units,
            num_features=len(feature_names(profile)),
            time_step_hours=time_step_of(frame),
        )

    def train(
        self,
        profile: MachineProfile,
        *,
        seed_path: Path | None = None,
        unfailed_path: Path | None = None,
        epochs: int = DEFAULT_EPOCHS,
        seed: int = 0,
        progress: Progress = silent,
    ) -> TrainingResult:
        """Train a TVAE on the seed data, and learn the lifetimes of its real units.

        Raises:
            InvalidInput: `epochs` or `seed` is out of range.
            NotFound: There is no seed data.
            StageError: The seed data is of another profile, or the training diverged.
        """
        from GAN.datasets.provenance import read_origin
        from GAN.reporting.cards.model_card import write_model_card
        from GAN.synthesis.machine_model import save, train

        config = TvaeConfig(epochs=epochs)
        seed_path = seed_path or self.root / layout.seed_key(profile.machine_id)
        frame, origin = self._read_seed(profile, seed_path), read_origin(seed_path)
        real = self._real_units(profile, seed_path, unfailed_path)
        model = train(frame, profile, config, seed, progress, origin, real)
        path = self.root / layout.model_key(profile.machine_id, epochs)
        save(model.synthesizer, path)
        trained = TrainingResult(
            path=path,
            epochs=epochs,
            final_loss=model.final_loss,
            loss_history=model.loss_history,
            training_time_seconds=model.training_time_seconds,
            num_features=model.num_features,
            device=model.device,
            structure=model.structure,
        )
        write_model_card(self.root, profile, trained, seed, origin)
        return trained

    def get_model_metadata(self, machine_id: str) -> ModelMetadata:
        """Describe the machine's newest model from its files, without loading the pickle.

        The newest model is the one whose file was modified last.

        Raises:
            NotFound: There is no model.
        """
        from GAN.reporting.cards.model_metadata import model_metadata

        return model_metadata(machine_id, self.newest_model(machine_id))

    def generate(
        self,
        profile: MachineProfile,
        *,
        model_path: Path | None = None,
        seed_path: Path | None = None,
        samples: Mapping[str, int] = DEFAULT_SAMPLES,
        seed: int = 0,
        progress: Progress = silent,
    ) -> GenerationResult:
        """Generate synthetic sets with the model. It is a pickle, so only use one you trust.

        Raises:
            InvalidInput: A number of rows or `seed` is out of range.
            NotFound: There is no model or no seed data.
            StageError: The model was trained on another profile.
        """
        from GAN.datasets.parquet import write_table
        from GAN.datasets.provenance import read_origin
        from GAN.datasets.run_to_failure import time_step_of
        from GAN.reporting.cards.data_card import write_data_card
        from GAN.synthesis.generation import generate
        from GAN.synthesis.machine_model import load

        seed_path = seed_path or self.root / layout.seed_key(profile.machine_id)
        time_step = time_step_of(self._read_seed(profile, seed_path))
        model_path = self._model(profile, model_path)
        model = load(model_path)
        sets = generate(model.lives, profile, samples, time_step, seed, progress)
        paths = {name: self.root / layout.split_key(profile.machine_id, name) for name in sets}
        for name, frame in sets.items():
            write_table(frame, paths[name], profile, "synthetic", split=name, seed=seed)
        generated = GenerationResult(
            paths=paths,
            rows={name: len(frame) for name, frame in sets.items()},
            units={name: int(frame["unit_id"].nunique()) for name, frame in sets.items()},
            time_step_hours=time_step_of(sets["train"]),
        )
        # The seed may have been replaced after the model was trained.
        origin = model.origin or read_origin(seed_path)
        epochs = len(model.table.losses)
        write_data_card(self.root, profile, generated, epochs, model_path, origin)
        return generated

    def assess(
        self,
        profile: MachineProfile,
        *,
        seed_path: Path | None = None,
        unfailed_path: Path | None = None,
        split_paths: Mapping[str, Path] | None = None,
        model_path: Path | None = None,
        progress: Progress = silent,
    ) -> QualityResult:
        """Assess the synthetic sets; write the report as JSON and as an HTML page.

        Raises:
            NotFound: There is no seed data, model or synthetic set.
        """
        from threadpoolctl import threadpool_limits

        from GAN.evaluation.assessment import assess
        from GAN.reporting.page import report_page
        from GAN.synthesis.machine_model import load

        progress(0, "reading the data")
        seed = self._read_seed(profile, seed_path)
        real = self._real_units(profile, seed_path, unfailed_path)
        synthetic = self._read_splits(profile, split_paths)
        losses = load(self._model(profile, model_path)).table.losses
        progress(20, "comparing seed and synthetic data")
        with threadpool_limits(1):  # See `GAN.tvae.training.one_thread`.
            report = assess(seed, synthetic, profile, real)
        progress(70, "writing the report")
        report_path = self.root / layout.report_key(profile.machine_id)
        files.write_text(report_path, report.model_dump_json() + "\n")
        page_path = self.root / layout.page_key(profile.machine_id)
        files.write_text(page_path, report_page(report, losses, profile))
        progress(100, report.outcome)
        return QualityResult(
            report_path=report_path,
            page_path=page_path,
            quality_score=report.rows.quality_score,
            passed=report.passed,
            reasons=report.reasons,
        )

    def onboard(
        self,
        profile: MachineProfile,
        *,
        rows: int = DEFAULT_ROWS,
        epochs: int = DEFAULT_EPOCHS,
        samples: Mapping[str, int] = DEFAULT_SAMPLES,
        seed: int = 0,
        progress: Progress = silent,
    ) -> QualityResult:
        """Run all four steps: seed data, model, synthetic sets, report.

        Each step reports its own progress from 0 to 100.

        Raises:
            InvalidInput: A setting is out of range.
            StageError: The training diverged.
        """
        config = TvaeConfig(epochs=epochs)
        seeded = self.create_seed(profile, rows, seed, progress)
        trained = self.train(
            profile, seed_path=seeded.path, epochs=config.epochs, seed=seed, progress=progress
        )
        generated = self.generate(
            profile,
            model_path=trained.path,
            seed_path=seeded.path,
            samples=samples,
            seed=seed,
            progress=progress,
        )
        return self.assess(
            profile,
            seed_path=seeded.path,
            split_paths=generated.paths,
            model_path=trained.path,
            progress=progress,
        )
