"""SDV's PARSynthesizer with its defaults; a fit takes minutes."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from benchmarks.worth.draws import Known
from benchmarks.worth.lives import each, life, numbered
from benchmarks.worth.sides.courses import MADE

_TABLE = "table"


def par(known: Known, seed: int) -> pd.DataFrame:
    """Whole sequences by SDV; a life ends where its sequence does."""
    import torch
    from sdv.metadata import Metadata
    from sdv.sequential import PARSynthesizer

    columns = {name: {"sdtype": "numerical"} for name in ("cycle_hour", *known.sensors)}
    ids = {"unit_id": {"sdtype": "id"}, "failure_mode": {"sdtype": "categorical"}}
    sequence = {"sequence_key": "unit_id", "sequence_index": "cycle_hour"}
    metadata = {
        "tables": {_TABLE: {"columns": {**ids, **columns}, **sequence}},
        "relationships": [],
        "METADATA_SPEC_VERSION": "V2",
    }
    np.random.seed(seed)
    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        synthesizer = PARSynthesizer(
            Metadata.load_from_dict(metadata), context_columns=["failure_mode"], cuda=False
        )
        synthesizer.fit({_TABLE: known.lives.drop(columns="rul_hours")})
        sampled = synthesizer.sample_sequences(MADE)[_TABLE]
    return numbered(_life(one, known) for one in each(sampled) if len(one) > 1)


def _life(one: pd.DataFrame, known: Known) -> pd.DataFrame:
    hours = np.arange(len(one), dtype=np.float64) * known.step
    return life(hours, hours[-1], str(one["failure_mode"].iloc[0]), one[known.sensors])
