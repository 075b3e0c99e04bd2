"""Training, asking and judging predictors of failures; a part of `GAN.manager.GANManager`."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from errors import InvalidInput, NotFound, Problem, StageError
from GAN import files, layout
from GAN.config.limits import (
    MAX_FALSE_ALARMS,
    MAX_RANDOM_SEED,
    MIN_FALSE_ALARMS,
    MIN_RANDOM_SEED,
    check_count,
)
from GAN.datasets.artifact_folder import ArtifactFolder
from GAN.profiles.profile import MACHINE_ID_PATTERN, MachineProfile
from GAN.progress import Progress, silent
from GAN.results import PredictorResult

if TYPE_CHECKING:
    import pandas as pd

    from GAN.datasets.real_units import RealUnits
    from GAN.prognosis.choice import Choice
    from GAN.prognosis.evaluation import Evaluation
    from GAN.prognosis.lives_in_service import LifeInService
    from GAN.prognosis.prediction import Prediction
    from GAN.prognosis.predictor import Predictor


class PredictorManager(ArtifactFolder):
    """Predictors below an artifact root."""

    def train_predictor(
        self,
        profile: MachineProfile,
        *,
        version: int | None = None,
        seed: int = 0,
        seed_path: Path | None = None,
        unfailed_path: Path | None = None,
        split_paths: Mapping[str, Path] | None = None,
        lives_in_service: Sequence[LifeInService] = (),
        live_path: Path | None = None,
        progress: Progress = silent,
    ) -> PredictorResult:
        """Train a predictor of failures on the lives that serve best.

        Args:
            profile: The machine type.
            version: Number in the file's name; None: the next one.
            seed: Random seed; the same lives and seed give the same file.
            seed_path: The seed data; real lives in it are learnt.
            unfailed_path: Real units that had not failed, if the seed has any.
            split_paths: The synthetic sets, by name.
            lives_in_service: Lives of units in service that have ended; they are learnt too.
            live_path: The version that the new one is compared with; None: with none.
            progress: Gets reports.

        Raises:
            InvalidInput: `seed` is out of range.
            NotFound: There is no seed data or synthetic set.
        """
        import pandas as pd

        from GAN.datasets.run_to_failure import time_step_of
        from GAN.prognosis import lifetime_prior, predictor_file
        from GAN.prognosis.choice import choose
        from GAN.prognosis.lives_in_service import add_lives_in_service
        from GAN.prognosis.tracking import condition_basis
        from GAN.reporting.cards.predictor_card import write_predictor_card

        check_count("seed", seed, MIN_RANDOM_SEED, MAX_RANDOM_SEED)
        began = time.monotonic()
        machine_id = profile.machine_id
        sets = self._read_splits(profile, split_paths)
        synthetic = pd.concat([sets["train"], sets["val"]], ignore_index=True)
        real = self._real_units(profile, seed_path, unfailed_path)
        real, unseen = add_lives_in_service(real, lives_in_service, time_step_of(synthetic))
        choice = choose(profile, real, synthetic, seed, progress)
        against = self._reason_against(profile, live_path, choice, real, unseen, seed)
        version = version or max(self._predictor_versions(machine_id), default=0) + 1
        path = self.root / layout.predictor_key(machine_id, version)
        predictor_file.save(choice.predictor, path)
        trained = PredictorResult(
            path=path,
            card_path=self.root / layout.predictor_card_key(machine_id, version),
            version=version,
            learnt_from=choice.learnt_from,
            units=choice.units,
            scores={} if choice.evaluation is None else choice.evaluation.model_dump(),
            training_time_seconds=round(time.monotonic() - began, 3),
            no_forecast=choice.predictor.no_forecast,
            condition_basis=condition_basis(choice.predictor),
            prior=lifetime_prior.predictions(profile, None, choice.predictor.lives)[0].as_json(),
            against=against,
        )
        write_predictor_card(profile, trained, choice)
        progress(100, f"learnt from {choice.units} {choice.learnt_from}")
        return trained

    def _reason_against(
        self,
        profile: MachineProfile,
        live_path: Path | None,
        choice: Choice,
        real: RealUnits | None,
        unseen: pd.DataFrame | None,
        seed: int,
    ) -> str:
        """Why a new version does not replace the live one; empty if it does."""
        from GAN.prognosis import predictor_file
        from GAN.prognosis.promotion import compare

        if live_path is None:
            return ""
        try:
            live = predictor_file.load(live_path)
        except StageError:  # Of another version of Fleetforge: it cannot predict any more.
            return ""
        if live.no_forecast is not None:
            return ""
        if choice.predictor.no_forecast is not None:
            return f"it gives no RUL: {choice.predictor.no_forecast}"
        return compare(profile, live, choice, real, unseen, seed).reason_against

    def newest_predictor(self, machine_id: str) -> Path:
        """The machine's predictor of the highest version.

        Raises:
            NotFound: There is none.
        """
        versions = self._predictor_versions(machine_id)
        if not versions:
            raise NotFound(f"no predictor of {machine_id} below {self.root}: train_predictor()")
        return self.root / layout.predictor_key(machine_id, versions[-1])

    def predict(
        self,
        profile: MachineProfile,
        readings: pd.DataFrame | None = None,
        *,
        predictor_path: Path | None = None,
        false_alarms_per_1000_hours: float = 1.0,
    ) -> pd.DataFrame:
        """Predict units at their newest readings.

        Args:
            profile: The machine type.
            readings: A column of times and one for each sensor, and one of units; see
                `GAN.prognosis.readings.check_readings`. None: nothing was read yet.
            predictor_path: A predictor; None: the newest.
            false_alarms_per_1000_hours: Accepted rate of false alarms of novelty; it sets
                `novelty_limit`.

        Returns:
            One row for each unit; see `GAN.prognosis.prediction.Prediction.as_row`.

        Raises:
            InvalidInput: With every problem of the readings, or a rate out of range.
            StageError: The predictor was trained for another profile.
            ArtifactCorrupt: The predictor's file is damaged.
        """
        from GAN.prognosis.prediction import table

        return table(
            self.predictions(
                profile,
                readings,
                predictor_path=predictor_path,
                false_alarms_per_1000_hours=false_alarms_per_1000_hours,
            )
        )

    def predictions(
        self,
        profile: MachineProfile,
        readings: pd.DataFrame | None = None,
        *,
        predictor_path: Path | None = None,
        false_alarms_per_1000_hours: float = 1.0,
        source: str = "readings",
    ) -> list[Prediction]:
        """`predict`, as objects with reasons and similar lives.

        Args:
            profile: As in `predict`, like the next three.
            readings: A table.
            predictor_path: A predictor.
            false_alarms_per_1000_hours: A rate.
            source: Name of the table, for errors.
        """
        from GAN.prognosis import lifetime_prior
        from GAN.prognosis.readings import check_readings, condition_of

        if not MIN_FALSE_ALARMS <= false_alarms_per_1000_hours <= MAX_FALSE_ALARMS:
            what = f"{false_alarms_per_1000_hours:g} is out of range"
            advice = f"write a number from {MIN_FALSE_ALARMS:g} to {MAX_FALSE_ALARMS:,g}"
            problem = Problem("false_alarms_per_1000_hours", what, advice)
            raise InvalidInput("settings", [problem])
        table = None if readings is None else check_readings(readings, profile, source)
        if predictor_path is None and not self._predictor_versions(profile.machine_id):
            return lifetime_prior.predictions(profile, table)
        predictor = self._predictor(profile, predictor_path)
        if table is None:
            return lifetime_prior.predictions(profile, None, predictor.lives)
        if predictor.no_forecast is not None:
            return lifetime_prior.predictions(
                profile, table, predictor.lives, predictor.no_forecast
            )
        condition = condition_of(table, predictor.sensors, predictor.regimes)
        return predictor.predict(
            condition, condition.every_unit, table.units, false_alarms_per_1000_hours
        )

    def try_predictor(
        self,
        profile: MachineProfile,
        lives: pd.DataFrame,
        *,
        predictor_path: Path | None = None,
    ) -> Evaluation:
        """Judge a predictor on whole lives that it has not seen.

        Args:
            profile: The machine type.
            lives: Columns of a seed.
            predictor_path: A predictor; None: the newest.
        """
        from GAN.prognosis.evaluation import evaluate

        return evaluate(self._predictor(profile, predictor_path), lives)

    def _predictor(self, profile: MachineProfile, path: Path | None) -> Predictor:
        from GAN.prognosis import predictor_file

        path = path or self.newest_predictor(profile.machine_id)
        predictor = predictor_file.load(files.existing(path, "predictor", "train_predictor()"))
        if predictor.profile.sha256 != profile.sha256:
            raise StageError(f"{path} was trained for another profile; train it again")
        return predictor

    def profile_of_predictor(self, machine_id: str) -> MachineProfile | None:
        """The profile in the machine's newest predictor; None if there is no predictor."""
        from GAN.prognosis import predictor_file

        if not re.fullmatch(MACHINE_ID_PATTERN, machine_id):  # It would be a path.
            return None
        if not self._predictor_versions(machine_id):
            return None
        return predictor_file.load(self.newest_predictor(machine_id)).profile

    def _predictor_versions(self, machine_id: str) -> list[int]:
        folder = (self.root / layout.predictor_key(machine_id, 0)).parent
        keys = [path.relative_to(self.root).as_posix() for path in folder.glob("*")]
        return layout.predictor_versions(machine_id, keys)

    def _real_units(
        self, profile: MachineProfile, seed_path: Path | None, unfailed_path: Path | None
    ) -> RealUnits | None:
        """The real units of the seed data; the simulated ones come after them."""
        from GAN.datasets.parquet import read_table
        from GAN.datasets.provenance import read_origin
        from GAN.datasets.real_units import RealUnits

        seed_path = self._seed(profile, seed_path)
        origin = read_origin(seed_path)
        if not origin.is_real:
            return None
        lives = self._read_seed(profile, seed_path).head(origin.real_rows)
        if not origin.unfailed_rows:  # There may be a file of an earlier import.
            return RealUnits(lives, None)
        path = unfailed_path or self.root / layout.unfailed_key(profile.machine_id)
        return RealUnits(lives, read_table(files.existing(path, "unfailed units", "import_seed()")))
