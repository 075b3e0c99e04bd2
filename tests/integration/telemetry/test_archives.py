"""Readings of past days move to files, and are found there when they are needed again."""

from __future__ import annotations

import pandas as pd
import pytest

from errors import ArtifactCorrupt
from events.lives import end_life
from storage.database import execute, reading
from storage.operations import batches
from storage.queries import events
from storage.telemetry import archives
from storage.telemetry.lives import EndedBy, Ending
from tests.integration.telemetry.plant import HOUR, Plant


@pytest.fixture
def old(plant: Plant) -> Plant:
    """A plant whose unit has lived for weeks; its readings are predicted."""
    plant.train()
    plant.send(plant.life()[:60])
    plant.work()
    with reading():
        execute("UPDATE units SET created_at = created_at - 2 * 86400000")
    return plant


def moved(plant: Plant) -> list[str]:
    """The files of readings, after the next batch and what follows it."""
    row = plant.life()[60]
    plant.send([row])
    plant.work()
    return [file.key for file in archives.files("press_1", plant.now, row.at)]


def test_the_first_batch_of_a_day_moves_past_days_to_files(old: Plant) -> None:
    rows = old.figures()
    keys = moved(old)
    days = {key.rpartition("/")[2][:10] for key in keys}
    assert len(days) == len(keys) > 1
    # The newest reading was not predicted when the job took its rows.
    assert old.count("readings") <= 1
    tables = [pd.read_parquet(old.settings.home / key) for key in keys if is_published(old, key)]
    table = pd.concat(tables)
    assert list(table.columns) == ["unit", "at", "vibration", "temperature", "late"]
    assert table[["vibration", "temperature"]].to_numpy().tolist()[:60] == rows
    assert events.events()[-1].type == "ReadingsArchived"


def is_published(plant: Plant, key: str) -> bool:
    """Put a file in place as a worker does after the commit."""
    from storage.artifacts import publishing

    (file,) = [one for one in archives.files("press_1", 0, 2**42) if one.key == key]
    publishing.put_in_place(plant.store, [file])
    return (plant.settings.home / key).exists()


def test_a_job_moves_the_oldest_days_of_all_units(plant: Plant) -> None:
    plant.train()
    hours = range(0, 240, 6)
    for unit in "abc":
        plant.send([plant.reading(hour, unit) for hour in hours])
    plant.work()
    # Four days have 39 rows or more, at whatever time of the day the first one begins.
    taken = archives.take("press_1", limit=36)
    assert {row.unit for row in taken} == {"a", "b", "c"}
    assert max(row.at for row in taken) < plant.now + 6 * 24 * HOUR
    assert len(archives.take("press_1")) == 3 * len(hours)


def test_a_machine_whose_units_are_new_keeps_its_rows(plant: Plant) -> None:
    plant.train()
    plant.send(plant.life()[:60])
    plant.work()
    plant.send(plant.life()[60:61])
    plant.work()
    assert plant.count("readings") == 61


def test_readings_that_wait_are_not_moved(plant: Plant) -> None:
    plant.send(plant.life()[:10])
    with reading():
        execute("UPDATE units SET created_at = created_at - 2 * 86400000")
    plant.send(plant.life()[10:11])
    assert plant.count("readings") == 11
    plant.train()
    plant.work()
    assert plant.unit()["condition_at"] == plant.unit()["seen_at"]


def test_late_readings_make_another_file_of_their_day(old: Plant) -> None:
    before = moved(old)
    late = old.reading(0.001)
    old.send([late])
    with reading():
        execute("UPDATE events SET occurred_at = occurred_at - 86400000 WHERE chain = 'archive'")
    old.send(old.life()[61:62])
    old.work()
    after = [file.key for file in archives.files("press_1", 0, 2**42)]
    first_day = after[0].rpartition("/")[2][:10]
    assert sum(first_day in key for key in after) == 2
    assert set(before) < set(after)


def test_the_file_of_a_life_has_the_archived_readings_too(old: Plant) -> None:
    moved(old)
    at = old.life()[60].at + HOUR
    end_life(Ending("press_1", "1", at, EndedBy.FAILURE, "bearing"), old.sent.extend, "test")
    old.work()
    (ended,) = [event for event in events.events() if event.type == "LifeEnded"]
    assert ended.payload["rows"] == 61


def test_figures_are_computed_anew_from_archived_readings(old: Plant) -> None:
    moved(old)
    right = old.unit()
    with reading():
        execute("UPDATE units SET condition_basis = 'of an older predictor', condition = NULL")
    old.train(version=2)
    old.work()
    assert old.unit() == right


def test_a_file_that_was_changed_is_refused(old: Plant) -> None:
    keys = moved(old)
    (file,) = [one for one in archives.files("press_1", 0, 2**42) if one.key == keys[0]]
    (old.settings.home / file.staged_key).write_bytes(b"PAR1")
    with pytest.raises(ArtifactCorrupt):
        old.store.fetch(file.staged_key, file.sha256)


def test_an_export_has_the_readings_of_files_and_of_the_ledger_once_each(old: Plant) -> None:
    from events.history import readings_of_unit
    from tests.integration.telemetry.plant import press

    before = old.figures()
    moved(old)
    old.send([old.reading(0.001, vibration=1.5)])  # A late one, of a day that is in a file.
    rows = list(readings_of_unit(press(), "1", old.store, since=None, until=None))
    assert [row.at for row in rows] == sorted({row.at for row in rows})
    assert len(rows) == len(before) + 2
    some = list(readings_of_unit(press(), "1", old.store, since=rows[5].at, until=rows[20].at))
    assert some == rows[5:21]


@pytest.mark.parametrize("rows", [batches.ROWS, 1])
def test_gc_removes_readings_that_are_too_old_and_thins_predictions(
    old: Plant, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    from storage.operations.garbage_collection import find, remove

    monkeypatch.setattr(batches, "ROWS", rows)
    keys = moved(old)
    for minute in range(60):
        old.send([old.reading(200 + minute / 60)])
        old.work()
    kept = old.count("predictions")
    with reading():
        execute("UPDATE predictions SET created_at = created_at - 8 * 86400000")
    garbage = find(old.store, readings_days=365)
    assert (garbage.readings, garbage.old.readings) == ([], 0)
    assert garbage.old.predictions > 5
    remove(old.store, garbage)
    assert old.count("predictions") == kept - garbage.old.predictions
    hours = _rows("SELECT COUNT(*) FROM predictions GROUP BY unit_id, predicted_at / 3600000")
    assert {count for (count,) in hours} == {1}
    assert find(old.store, readings_days=365).old.predictions == 0
    expired = find(old.store, readings_days=10)
    assert [file.key for file in expired.readings] == keys
    remove(old.store, expired)
    assert archives.files("press_1", 0, 2**42) == []
    assert old.count("readings") == 0


def _rows(statement: str) -> list[tuple[int, ...]]:
    with reading():
        return execute(statement)
