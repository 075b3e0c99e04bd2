"""The commands about units in service, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import fleetforge
from errors import FleetforgeError
from storage.database import database, open_database
from storage.settings import PREFIX
from tests.integration.telemetry.plant import Plant


class Shell:
    """Runs commands on the plant's ledger, in this process."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self._environment = {f"{PREFIX}HOME": str(plant.settings.home)}
        if plant.settings.database_url is not None:
            url = plant.settings.database_url.get_secret_value()
            self._environment[f"{PREFIX}DATABASE_URL"] = url

    def result(self, *arguments: str) -> Result:
        database.close()
        try:
            return CliRunner(env=self._environment).invoke(
                fleetforge, arguments, catch_exceptions=False
            )
        finally:
            open_database(self.plant.settings)

    def run(self, *arguments: str) -> str:
        done = self.result(*arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))


@pytest.fixture
def shell(plant: Plant) -> Shell:
    plant.train()
    return Shell(plant)


def as_csv(plant: Plant, path: Path, rows: int, unit: str = "1") -> str:
    lines = ["unit,at,vibration,temperature"]
    lines += [
        f"{row.unit},{row.at},{row.values['vibration']},{row.values['temperature']}"
        for row in plant.life(unit)[:rows]
    ]
    path.write_text("\n".join(lines))
    return str(path)


def test_readings_become_a_level_an_alert_and_a_plan(shell: Shell, tmp_path: Path) -> None:
    plant = shell.plant
    file = as_csv(plant, tmp_path / "worn.csv", 1_000)
    said = shell.run("readings", "send", file, "--machine", "press_1")
    assert f"{len(plant.life())} taken, 0 known, 0 late, 0 refused" in said
    plant.work()
    head, row = shell.run("units", "list").splitlines()
    assert head.split()[:4] == ["MACHINE_ID", "UNIT", "LEVEL", "RUL_HOURS"]
    assert row.split()[:3] == ["press_1", "1", "alarm"]
    shown = shell.run("units", "show", "press_1")
    assert "press_1, unit 1, life 1: alarm" in shown
    assert "vibration" in shown
    (alert,) = shell.json("alerts", "list")
    assert alert["level"] == "alarm"
    acknowledged = shell.json("alerts", "ack", str(alert["id"]), "--note", "seen")
    assert acknowledged["note"] == "seen"
    calendar, table = tmp_path / "stops.ics", tmp_path / "stops.csv"
    window = ("--window", "sunday 06:00-14:00, 3 units", "--zone", "Europe/Berlin")
    plan = shell.json("plan", *window, "--ics", str(calendar), "--csv", str(table))
    assert {rule["rule"] for rule in plan["rules"]} >= {"run to failure", "threshold"}
    assert calendar.read_text().startswith("BEGIN:VCALENDAR")
    assert len(table.read_text().splitlines()) == 2
    assert "run to failure: cost" in shell.run("plan", *window)


def test_an_end_of_a_life_is_reported(shell: Shell, tmp_path: Path) -> None:
    shell.run(
        "readings", "send", as_csv(shell.plant, tmp_path / "r.csv", 20), "--machine", "press_1"
    )
    shell.plant.work()
    ended = shell.json("units", "failed", "press_1", "--mode", "bearing")
    assert (ended["unit"], ended["life"]) == ("1", 1)
    with pytest.raises(FleetforgeError, match="no failure mode 'baering'; write bearing"):
        shell.result("units", "failed", "press_1", "--mode", "baering")
    repaired = shell.run("units", "repaired", "press_1", "--sensor", "vibration")
    assert repaired.startswith("press_1, unit 1: vibration begin anew")
    with pytest.raises(FleetforgeError, match="at: in the future"):
        shell.result("units", "maintained", "press_1", "--at", "2100-01-01T00:00:00+00:00")


def test_a_check_writes_nothing(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("at,vibration\n2026-01-31T12:00:00Z,1.5\nyesterday,1.6\n")
    done = shell.result("readings", "check", str(file), "--machine", "press_1")
    assert "1 rows are good" in done.stdout
    assert "row 2: at 'yesterday' is not a time" in done.stderr
    assert shell.plant.count("units") == 0


def test_thresholds_are_shown_and_set(shell: Shell) -> None:
    assert "0.0909 or more" in shell.run("units", "thresholds", "press_1")
    changed = shell.json("units", "thresholds", "press_1", "--alarm", "0.03")
    assert (changed["alarm"], changed["warning"]) == (0.03, 0.5)


def test_recurring_events_are_listed_with_all(shell: Shell, tmp_path: Path) -> None:
    shell.run(
        "readings", "send", as_csv(shell.plant, tmp_path / "r.csv", 5), "--machine", "press_1"
    )
    shell.plant.work()
    assert "ReadingsArrived" not in shell.run("events")
    assert "ReadingsArrived" in shell.run("events", "--all")


@pytest.mark.parametrize("command", [("units", "list"), ("alerts", "list")])
def test_an_empty_list_says_so(shell: Shell, command: tuple[str, ...]) -> None:
    assert "no " in shell.run(*command)


def test_a_unit_that_does_not_exist_is_named(shell: Shell) -> None:
    with pytest.raises(FleetforgeError, match="press_1 has no unit '9'"):
        shell.result("units", "show", "press_1", "9")
