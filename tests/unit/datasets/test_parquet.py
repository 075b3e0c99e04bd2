from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyarrow import ArrowException

from GAN.datasets.parquet import read_provenance, read_table, write_table
from GAN.profiles.profile import MachineProfile


@pytest.fixture
def written(rig: MachineProfile, rig_seed: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "new" / "folder" / "seed.parquet"
    write_table(rig_seed, path, rig, "seed", seed=7)
    return path


def test_a_table_comes_back_as_it_was(written: Path, rig_seed: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(read_table(written), rig_seed, check_exact=True)


def test_a_file_says_what_it_is_and_where_it_comes_from(written: Path, rig: MachineProfile) -> None:
    facts = read_provenance(written)
    assert facts.pop("fleetforge_version")
    assert facts == {
        "machine_id": rig.machine_id,
        "profile_sha256": rig.sha256,
        "kind": "seed",
        "seed": "7",
    }


def test_every_column_carries_its_unit(written: Path, rig: MachineProfile) -> None:
    schema = pq.read_schema(written)
    units = {field.name: field.metadata[b"unit"].decode() for field in schema}
    assert units["rul_hours"] == units["cycle_hour"] == "h"
    assert {s.name: s.unit for s in rig.sensors}.items() <= units.items()
    assert str(schema.field("unit_id").type) == "int32"
    assert pq.ParquetFile(written).metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_table_that_cannot_be_written_leaves_the_old_file_and_no_other(
    written: Path, rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    before = written.read_bytes()
    with pytest.raises((ArrowException, KeyError)):
        write_table(rig_seed.assign(flow="wet"), written, rig, "seed")
    assert written.read_bytes() == before
    assert list(written.parent.iterdir()) == [written]
