"""The libraries in web/vendor are as their packages ship them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

VENDOR = Path(__file__).parents[3] / "web" / "vendor"
LIBRARIES = json.loads((VENDOR / "vendor.json").read_text())


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["name"])
def test_a_library_is_unchanged_and_has_its_licence(library: dict[str, object]) -> None:
    folder = VENDOR / str(library["name"])
    files = library["files"]
    assert isinstance(files, dict)
    assert "LICENSE" in files
    assert {path.name for path in folder.iterdir()} == set(files)
    for name, facts in files.items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert digest == facts["sha256"], name


def test_no_file_is_outside_a_library() -> None:
    names = {str(library["name"]) for library in LIBRARIES}
    assert {path.name for path in VENDOR.iterdir()} == names | {"vendor.json"}
