"""Bad days: the database is away during a batch, and a machine with many units is deleted."""

from __future__ import annotations

from dataclasses import replace

import apsw
import pytest

from errors import InvalidInput, LedgerUnavailable, NotFound
from storage.database import wait_for_lock
from storage.operations import control
from tests.integration.telemetry.plant import HOUR, Plant


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_batch_is_refused_whole_while_the_database_is_away_and_taken_when_it_is_sent_again(
    plant: Plant,
) -> None:
    plant.train()
    rows = [plant.reading(0, f"u{number}") for number in range(200)]
    wait_for_lock(lambda: 0.2)
    other = apsw.Connection(str(plant.settings.home / "ledger.sqlite3"))
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LedgerUnavailable):
        plant.send(rows)
    other.execute("ROLLBACK")
    other.close()
    assert (plant.count("units"), plant.count("readings")) == (0, 0)
    assert plant.send(rows).taken == 200
    plant.work()
    assert plant.unit("u7")["condition_at"] == plant.now


def test_a_sender_whose_clock_is_set_back_changes_no_prediction(plant: Plant) -> None:
    plant.train()
    rows = plant.life()[:40]
    plant.send(rows)
    plant.work()
    before = plant.unit()
    hour_back = [replace(row, at=row.at - HOUR + 1) for row in rows[-3:]]
    taken = plant.send(hour_back)
    assert (taken.taken, taken.late) == (3, 3)
    assert plant.work() == 0
    assert plant.unit()["condition"] == before["condition"]
    plant.send(plant.life()[40:41])
    plant.work()
    assert plant.unit()["condition_at"] == plant.life()[40].at


def test_while_the_ledgers_clock_is_behind_new_readings_are_refused_and_taken_later(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.train()
    now = plant.now + 1_000 * HOUR
    rows = [plant.reading(990), plant.reading(999.5)]
    with monkeypatch.context() as patch:
        patch.setattr("events.telemetry.clock_ms", lambda: now - HOUR)
        taken = plant.send(rows)
        assert (taken.taken, taken.refused) == (1, 1)
        assert "ahead of the ledger's clock" in str(taken.problems[0])
        with pytest.raises(InvalidInput):
            plant.send(rows[1:])
        plant.work()
    assert (plant.send(rows).taken, plant.count("readings")) == (1, 2)
    plant.work()
    assert plant.unit()["condition_at"] == rows[1].at


def test_a_machine_with_a_thousand_units_is_deleted_while_they_are_predicted(plant: Plant) -> None:
    plant.train()
    plant.send([plant.reading(0, f"u{number}") for number in range(1_000)])
    plant.work()
    plant.send([plant.reading(1, f"u{number}") for number in range(1_000)])
    control.remove_machine("press_1", plant.store)
    tables = ("units", "readings", "predictions", "explanations", "alerts", "events", "jobs")
    assert {table: plant.count(table) for table in tables} == dict.fromkeys(tables, 0)
    with pytest.raises(NotFound):
        plant.send([plant.reading(2)])
