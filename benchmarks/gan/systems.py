"""Stock SDV and ours: each fits a table and then writes synthetic rows to a Parquet file."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from GAN.config.tvae_config import TvaeConfig
from GAN.tvae.export.sdv import to_stock
from GAN.tvae.model import fit_model

TABLE = "table"

#: Writes a number of rows to a path.
Sampler = Callable[[int, Path], None]
#: Fits a table with a seed and epochs. The result loads the fitted model for sampling, which is not
#: part of the fit.
Fit = Callable[[pd.DataFrame, int, int], Callable[[], Sampler]]


def metadata(frame: pd.DataFrame) -> dict[str, Any]:
    """SDV's description of a table."""
    texts = _texts(frame)
    columns = {name: {"sdtype": "categorical" if name in texts else "numerical"} for name in frame}
    return {
        "tables": {TABLE: {"columns": columns}},
        "relationships": [],
        "METADATA_SPEC_VERSION": "V2",
    }


def stock(frame: pd.DataFrame, seed: int, epochs: int) -> Callable[[], Sampler]:
    """Fit SDV's TVAESynthesizer with its defaults."""
    import numpy as np
    import torch
    from sdv.metadata import Metadata
    from sdv.single_table import TVAESynthesizer

    np.random.seed(seed)
    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        synthesizer = TVAESynthesizer(
            Metadata.load_from_dict(metadata(frame)), epochs=epochs, enable_gpu=False
        )
        synthesizer.fit({TABLE: frame})
    return lambda: _of_stock(synthesizer)


def ours(frame: pd.DataFrame, seed: int, epochs: int) -> Callable[[], Sampler]:
    """Fit our model."""
    from pyarrow import Table
    from pyarrow.parquet import write_table

    model = fit_model(frame, TvaeConfig(epochs=epochs), seed, lambda _loss: None)

    def sample(rows: int, path: Path) -> None:
        # As our stages write it: no dictionary encoding for numbers, which hardly repeat.
        table = Table.from_pandas(model.sample(rows, seed + 1), preserve_index=False)
        write_table(table, path, compression="zstd", use_dictionary=_texts(frame))

    return lambda: sample


def ours_in_stock(frame: pd.DataFrame, seed: int, epochs: int) -> Callable[[], Sampler]:
    """Fit our model and save it as a stock pickle, which SDV then loads."""
    from sdv.utils import load_synthesizer

    model = fit_model(frame, TvaeConfig(epochs=epochs), seed, lambda _loss: None)
    synthesizer = to_stock(model, frame, metadata(frame), TABLE, epochs)
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "model.pkl"
    synthesizer.save(path)

    def opened() -> Sampler:
        with folder:
            return _of_stock(load_synthesizer(path))

    return opened


def _texts(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.select_dtypes(object)]


def _of_stock(synthesizer: Any) -> Sampler:
    def sample(rows: int, path: Path) -> None:
        synthesizer.sample(rows)[TABLE].to_parquet(path)

    return sample
