"""Reading the artifacts of a machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from errors import NotFound
from GAN import files, layout
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd


class ArtifactFolder:
    """Reads artifacts below an artifact root by their fixed names.

    Args:
        root: Folder of the artifacts; created when needed.
    """

    def __init__(self, root: Path | str = "var") -> None:
        self.root = Path(root)

    def newest_model(self, machine_id: str) -> Path:
        """The machine's model whose file was modified last, with any number of epochs.

        Raises:
            NotFound: There is none.
        """
        folder = (self.root / layout.model_key(machine_id, 0)).parent
        name = re.compile(re.escape(machine_id) + r"_tvae_temporal_\d+epochs\.pkl")
        models = [path for path in folder.glob("*.pkl") if name.fullmatch(path.name)]
        if not models:
            raise NotFound(f"no model of {machine_id} in {folder}: train() makes it")
        return max(models, key=lambda path: path.stat().st_mtime_ns)

    def _model(self, profile: MachineProfile, path: Path | None) -> Path:
        if path is None:
            return self.newest_model(profile.machine_id)
        return files.existing(path, "model", "train()")

    def _read_seed(self, profile: MachineProfile, path: Path | None) -> pd.DataFrame:
        from GAN.datasets.parquet import read_table

        return read_table(self._seed(profile, path))

    def _seed(self, profile: MachineProfile, path: Path | None) -> Path:
        path = path or self.root / layout.seed_key(profile.machine_id)
        return files.existing(path, "seed data", "create_seed()")

    def _read_splits(
        self, profile: MachineProfile, paths: Mapping[str, Path] | None
    ) -> dict[str, pd.DataFrame]:
        from GAN.datasets.parquet import read_table

        if paths is None:
            paths = {
                name: self.root / layout.split_key(profile.machine_id, name)
                for name in layout.SPLITS
            }
        return {
            name: read_table(files.existing(path, f"{name} set", "generate()"))
            for name, path in paths.items()
        }
