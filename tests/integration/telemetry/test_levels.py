"""Thresholds of a machine, and conditions that are computed anew."""

from __future__ import annotations

import pytest

from errors import Conflict, NotFound
from events.levels import compute_anew, set_thresholds, thresholds_of
from GAN.config.thresholds import Thresholds
from storage.database import execute, reading
from tests.integration.telemetry.plant import Plant


def test_a_machine_has_the_defaults_until_it_gets_its_own(plant: Plant) -> None:
    assert thresholds_of("press_1") == Thresholds()
    plant.train()
    plant.send(plant.life()[:60])
    plant.work()
    assert plant.unit()["level"] == "healthy"
    set_thresholds("press_1", Thresholds(alarm=1e-9), plant.sent.extend, "test")
    assert thresholds_of("press_1").alarm == 1e-9
    plant.work()
    assert plant.unit()["level"] == "alarm"
    with pytest.raises(NotFound):
        set_thresholds("press_9", Thresholds(), plant.sent.extend, "test")


def test_a_rebuild_uses_late_readings_too(plant: Plant) -> None:
    plant.train()
    life = plant.life()
    plant.send([row for row in life[:40] if row not in life[10:20]])
    plant.work()
    plant.send(life[10:20])
    plant.send(plant.life("2")[:40])
    plant.work()
    assert plant.unit()["condition"] != plant.unit("2")["condition"]
    assert compute_anew("press_1", "1", plant.sent.extend, "test") == 1
    plant.work()
    assert plant.unit()["condition"] == plant.unit("2")["condition"]


def test_what_cannot_be_rebuilt_is_refused(plant: Plant) -> None:
    plant.send(plant.life()[:5])
    with pytest.raises(NotFound, match="no units"):
        compute_anew("press_1", None, plant.sent.extend, "test")
    plant.train()
    plant.work()
    with pytest.raises(NotFound, match="no unit '7'"):
        compute_anew("press_1", "7", plant.sent.extend, "test")


def test_a_machine_without_a_predictor_has_nothing_to_rebuild(plant: Plant) -> None:
    plant.send(plant.life()[:5])
    with reading():
        execute("UPDATE units SET condition_at = 1")
    with pytest.raises(Conflict, match="no predictor yet"):
        compute_anew("press_1", None, plant.sent.extend, "test")


def test_a_sensor_that_sends_impossible_readings_is_a_reason_to_watch(plant: Plant) -> None:
    plant.train()
    rows = plant.life()[:60]
    for row in rows[::8]:
        row.values["temperature"] = 4_000.0
    plant.send(rows)
    plant.work()
    with reading():
        assert execute("SELECT level, cause FROM alerts") == [("watch", "sensor fault")]
