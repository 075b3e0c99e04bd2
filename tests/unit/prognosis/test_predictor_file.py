"""A predictor's file: the same lives give the same bytes, and a changed file is refused."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from errors import ArtifactCorrupt, StageError
from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.profile import MachineProfile
from GAN.prognosis import predictor_file
from GAN.prognosis.predictor import Predictor
from tests.unit.prognosis.conftest import of_all_units
from tests.unit.prognosis.test_predictor import ask


@pytest.fixture
def saved(rig_predictor: Predictor, tmp_path: Path) -> Path:
    path = tmp_path / "rig.zip"
    predictor_file.save(rig_predictor, path)
    return path


def test_the_same_lives_give_the_same_bytes(
    rig: MachineProfile, rig_lives: pd.DataFrame, saved: Path, tmp_path: Path
) -> None:
    again = Predictor.fit(rig, rig_lives.sample(frac=1, random_state=1), time_step_of(rig_lives))
    predictor_file.save(again, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == saved.read_bytes()


def test_a_loaded_predictor_says_the_same(
    rig_predictor: Predictor, unseen_lives: pd.DataFrame, saved: Path
) -> None:
    loaded = predictor_file.load(saved, hashlib.sha256(saved.read_bytes()).hexdigest())
    frame = of_all_units(unseen_lives, 15.0)
    assert ask(loaded, frame) == ask(rig_predictor, frame)
    assert loaded.profile == rig_predictor.profile
    assert saved.stat().st_size < 1_000_000


def rewritten(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old:
        parts = {entry: old.read(entry) for entry in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for entry, old_content in parts.items():
            new.writestr(entry, content if entry == name else old_content)


def test_a_changed_file_is_refused(saved: Path) -> None:
    sha256 = hashlib.sha256(saved.read_bytes()).hexdigest()
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    saved.write_bytes(bytes(content))
    with pytest.raises(ArtifactCorrupt, match="not the file that was trained"):
        predictor_file.load(saved, sha256)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_zip_is_refused(saved: Path, content: bytes) -> None:
    saved.write_bytes(content)
    with pytest.raises(ArtifactCorrupt, match="not a predictor"):
        predictor_file.load(saved)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("predictor.json", b"{}"),
        ("predictor.json", b"[1]"),
        ("rul_log.txt", b"no model"),
        ("past.npy", b"no array"),
    ],
)
def test_a_file_with_a_broken_part_is_refused(saved: Path, name: str, content: bytes) -> None:
    rewritten(saved, name, content)
    with pytest.raises(ArtifactCorrupt, match="not a predictor"):
        predictor_file.load(saved)


def test_another_version_of_the_format_is_refused(saved: Path) -> None:
    with zipfile.ZipFile(saved) as file:
        document = json.loads(file.read("predictor.json"))
    rewritten(saved, "predictor.json", json.dumps({**document, "layout": 0}).encode())
    with pytest.raises(StageError, match="another version of Fleetforge"):
        predictor_file.load(saved)


def test_a_file_larger_than_any_predictor_is_refused(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor_file, "MAX_BYTES", 1_000)
    with pytest.raises(ArtifactCorrupt, match="larger than a predictor can be"):
        predictor_file.load(saved)
