"""`fleetforge readings listen` without its library."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.units.readings import readings
from errors import LibraryMissing
from storage.database import database


def test_without_paho_the_error_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEETFORGE_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "paho", None)
    monkeypatch.delitem(sys.modules, "actors.mqtt.connection", raising=False)
    done = CliRunner().invoke(readings, ["listen", "mqtt://localhost"])
    database.close()
    assert isinstance(done.exception, LibraryMissing)
    assert str(done.exception) == (
        "MQTT needs the library paho-mqtt; run: pip install 'fleetforge[mqtt]'"
    )
