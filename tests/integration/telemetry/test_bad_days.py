"""Bad days: the database is away during a batch, and a machine with many units is deleted."""

from __future__ import annotations

import apsw
import pytest

from errors import LedgerUnavailable, NotFound
from storage.database import wait_for_lock
from storage.operations import control
from tests.integration.telemetry.plant import Plant


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
