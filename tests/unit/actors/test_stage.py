"""What a stage sees of its job."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.stage import Job
from errors import NotFound
from GAN import layout
from GAN.profiles.profile import MachineProfile
from GAN.progress import silent
from storage.artifacts.registry import PublishedFile
from storage.artifacts.store import LocalStore


def job(profile: MachineProfile, folder: Path, *keys: str) -> Job:
    """A job of a machine that has these files, oldest first."""
    published = {
        key: PublishedFile(number, profile.machine_id, key, key, "a" * 64, 3, None, None)
        for number, key in enumerate(keys, 1)
    }
    store = LocalStore(folder)
    return Job(1, profile.machine_id, profile, folder, store, published, silent)


def test_the_newest_model_is_never_its_card(rig: MachineProfile, tmp_path: Path) -> None:
    keys = [layout.model_key("rig", 300), layout.model_card_key("rig", 300)]
    keys += [layout.model_key("rig", 5), layout.model_card_key("rig", 5)]
    newest = job(rig, tmp_path, *keys).newest(layout.model_prefix("rig"), layout.MODEL_SUFFIX)
    assert newest == layout.model_key("rig", 5)


def test_without_a_model_there_is_no_newest(rig: MachineProfile, tmp_path: Path) -> None:
    only_card = job(rig, tmp_path, layout.model_card_key("rig", 5))
    with pytest.raises(NotFound, match=r"has no .*pkl yet"):
        only_card.newest(layout.model_prefix("rig"), layout.MODEL_SUFFIX)
