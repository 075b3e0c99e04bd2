"""Tables of readings: what is taken, and every problem at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from errors import InvalidInput
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.readings import check_readings


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"cycle_hour": [0.0, 1.0, 2.0], "flow": [100.0, 99.0, 98.0], **columns})


def test_rows_are_sorted_by_unit_and_time_and_sensors_may_be_absent(rig: MachineProfile) -> None:
    table = frame(unit=["b", "a", "b"], note=["x", "y", "z"]).iloc[::-1]
    found = check_readings(table, rig, "t")
    assert found.units == ("b", "a")
    assert found.unit.tolist() == [0, 0, 1]
    assert found.hours.tolist() == [0.0, 2.0, 1.0]
    flow = [sensor.name for sensor in rig.sensors].index("flow")
    assert found.values[:, flow].tolist() == [100.0, 98.0, 99.0]
    assert np.isnan(np.delete(found.values, flow, axis=1)).all()


def test_dates_count_from_the_first_one_of_each_unit(rig: MachineProfile) -> None:
    dates = ["2026-01-01 00:00", "2026-01-01 06:00", "2026-01-02 06:00"]
    table = frame(unit=[1, 2, 2], time=dates).drop(columns="cycle_hour")
    assert check_readings(table, rig, "t").hours.tolist() == [0.0, 0.0, 24.0]


def test_without_a_unit_all_rows_are_of_one(rig: MachineProfile) -> None:
    assert check_readings(frame(), rig, "t").units == ("1",)


def test_every_problem_is_named_at_once(rig: MachineProfile) -> None:
    table = pd.DataFrame({"flow": ["broken", 1, 2], "ambient": [1, "?", 3]})
    with pytest.raises(InvalidInput) as refused:
        check_readings(table, rig, "bad.csv")
    text = str(refused.value)
    assert "no column of times" in text
    assert "column 'flow'" in text
    assert "column 'ambient'" in text


def test_a_table_without_sensors_names_the_nearest(rig: MachineProfile) -> None:
    table = pd.DataFrame({"cycle_hour": [0.0], "vibration_rmss": [1.0]})
    with pytest.raises(InvalidInput, match="such as vibration_rms"):
        check_readings(table, rig, "t")


def test_an_empty_table_is_refused(rig: MachineProfile) -> None:
    with pytest.raises(InvalidInput, match="no rows"):
        check_readings(frame().head(0), rig, "t")
