"""Real run-to-failure data as a seed, and what is wrong with data that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GAN.datasets.parquet import read_table, write_table
from GAN.profiles.profile import MachineProfile
from tests.unit.importing.samples import lives, made, problems, theirs

SENSORS_OF_THE_RIG = {"vibration_rms": "s4", "bearing_temperature": "BearingTemp"}

#: Lives of 10 to 60 rows each, enough of them for a file.
some_lives = st.lists(st.integers(10, 60), min_size=50, max_size=60)


def uneven(rows: list[int], seed: int) -> pd.DataFrame:
    """Lives of so many rows each, at uneven times that do not begin at 0."""
    rng = np.random.default_rng(seed)
    return pd.concat(
        pd.DataFrame(
            {
                "asset": f"pump {unit:02d}",
                "hours": rng.uniform(0, 500) + np.cumsum(rng.uniform(0.5, 1.5, count)),
                "flow": np.linspace(10, 5, count) + rng.normal(0, 0.1, count),
            }
        )
        for unit, count in enumerate(rows)
    ).reset_index(drop=True)


@settings(max_examples=30)
@given(some_lives, st.integers(0, 2**32 - 1))
def test_rul_falls_to_0_as_time_goes_on_from_0_in_every_life(rows: list[int], seed: int) -> None:
    frame = made(uneven(rows, seed)).frame
    assert frame["unit_id"].dtype == np.int32
    units = list(frame.groupby("unit_id"))
    assert [unit for unit, _ in units] == list(range(1, len(rows) + 1))
    for (_, life), count in zip(units, rows, strict=True):
        assert len(life) == count
        assert life["cycle_hour"].iloc[0] == 0
        assert life["rul_hours"].iloc[-1] == 0
        assert (life["rul_hours"].diff().dropna() < 0).all()
        length = life["cycle_hour"] + life["rul_hours"]
        assert np.allclose(length, length.iloc[0])


@given(some_lives, st.integers(0, 2**32 - 1))
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_how_the_rows_of_units_alternate_in_the_file_does_not_matter(
    rows: list[int], seed: int
) -> None:
    frame = uneven(rows, seed)
    mixed = np.random.default_rng(seed).permutation(frame["asset"].to_numpy())
    # The same rows in the order in which a shared log would have them: each unit's stay in order.
    place = {unit: iter(index) for unit, index in frame.groupby("asset").groups.items()}
    logged = frame.loc[[next(place[unit]) for unit in mixed]].reset_index(drop=True)
    pd.testing.assert_frame_equal(made(logged).frame, made(frame).frame)


def test_our_own_seed_comes_back_as_it_was(rig: MachineProfile, rig_seed: pd.DataFrame) -> None:
    runs = made(rig_seed, rig)
    pd.testing.assert_frame_equal(runs.frame, rig_seed)
    assert (runs.censored, runs.left_out) == ((), ())


def test_without_rul_it_is_the_time_to_the_last_row(
    rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    runs = made(theirs(rig_seed), rig, "bearing", **SENSORS_OF_THE_RIG)
    pd.testing.assert_series_equal(runs.frame["rul_hours"], rig_seed["rul_hours"])
    pd.testing.assert_series_equal(runs.frame["vibration_rms"], rig_seed["vibration_rms"])
    assert set(runs.frame["failure_mode"]) == {"bearing"}


def test_an_imported_seed_can_be_written_and_read(
    rig: MachineProfile, rig_seed: pd.DataFrame, tmp_path: Path
) -> None:
    runs = made(theirs(rig_seed), rig, "seal", **SENSORS_OF_THE_RIG)
    path = tmp_path / "seed.parquet"
    write_table(runs.frame, path, rig, "seed")
    pd.testing.assert_frame_equal(read_table(path), runs.frame)


def test_dates_become_hours() -> None:
    frame = lives(units=20, rows=30)
    dates = pd.Timestamp("2026-03-01") + pd.to_timedelta(frame["cycle"] * 30, unit="min")
    for column in (dates, dates.astype(str), dates.dt.tz_localize("UTC")):
        assert made(frame.assign(cycle=column)).frame["cycle_hour"].max() == 14.5


def test_rul_of_a_file_that_counts_down_to_1_is_0_at_failure() -> None:
    frame = lives(units=20, rows=30).assign(rul=lambda f: 30 - f["cycle"])
    runs = made(frame)
    assert runs.censored == ()
    assert runs.frame.groupby("unit_id")["rul_hours"].agg(["max", "min"]).eq([29, 0]).all(None)


def test_a_unit_whose_rul_does_not_get_to_0_is_censored_and_keeps_it() -> None:
    frame = lives(units=20, rows=30).assign(rul=lambda f: 29 - f["cycle"] + 50 * (f["unit"] == 3))
    runs = made(frame)
    assert runs.censored == (3,)
    assert runs.frame[runs.frame["unit_id"] == 3]["rul_hours"].tolist() == list(range(79, 49, -1))
    assert any("1 units are censored, with the RUL of the file: 3" in note for note in runs.notes)


@pytest.mark.parametrize(
    ("column", "of_censored"), [("censored", True), ("failed", False), ("event", 0)]
)
def test_censored_units_of_unknown_rul_are_left_out_and_reported(
    column: str, of_censored: object
) -> None:
    frame = lives(units=20, rows=30)
    other = not of_censored
    flag = [of_censored if unit in (2, 5) else other for unit in frame["unit"]]
    gap = (frame["unit"] == 5) & (frame["cycle"] < 3)
    first = next(name for name in frame if name not in ("unit", "cycle"))
    frame.loc[gap, first] = np.nan
    runs = made(frame.assign(**{column: flag}))
    assert runs.left_out == ("2", "5")
    assert runs.units == 18
    assert any("2 censored units, 60 rows, are left out" in note for note in runs.notes)
    assert list(runs.unfailed) == list(runs.frame)
    assert runs.unfailed.groupby("unit_id").size().tolist() == [30, 30]
    assert runs.unfailed["rul_hours"].tolist() == 2 * list(range(29, -1, -1))


def test_a_flag_that_turns_at_the_end_of_a_life_says_that_it_failed() -> None:
    frame = lives(units=20, rows=30).assign(failed=lambda f: (f["cycle"] == 29).astype(int))
    assert made(frame).units == 20


def test_gaps_are_filled_within_a_unit_only() -> None:
    frame = lives(units=20, rows=30)
    whole = frame["wear"] + 1000 * frame["unit"]
    gappy = whole.where(~frame["cycle"].isin([0, 10, 29]))
    runs = made(frame.assign(wear=gappy))
    first = runs.frame[runs.frame["unit_id"] == 2]["wear"].tolist()
    assert first[0] == first[1]
    assert first[10] == pytest.approx((whole[39] + whole[41]) / 2)
    assert first[29] == first[28]
    assert runs.notes == ("wear: 10.0% of the readings were missing; interpolated",)


def test_how_units_failed_is_read_from_their_last_rows() -> None:
    frame = lives(units=20, rows=30)
    ended_by = np.where(frame["unit"] % 2, "Seal Leak", "7")
    fault = np.where(frame["cycle"] < 29, "ok", ended_by)
    runs = made(frame.assign(fault=fault))
    modes = runs.frame.groupby("unit_id")["failure_mode"].unique()
    assert [list(mode) for mode in modes[:2]] == [["seal_leak"], ["mode_7"]]


def test_a_censored_unit_may_have_no_failure_mode() -> None:
    frame = lives(units=20, rows=30).assign(
        rul=lambda f: 29 - f["cycle"] + 50 * (f["unit"] == 3),
        fault=lambda f: np.where(f["unit"] == 3, None, "seal"),
    )
    assert set(made(frame).frame["failure_mode"]) == {"seal"}


class TestBadFile:
    """Each is refused with everything that is wrong with it."""

    def test_three_rows(self) -> None:
        found = problems(lambda: made(lives(units=1, rows=3)))
        assert str(found[""]) == "3 rows; give at least 500"

    def test_no_row_at_all(self) -> None:
        assert "" in problems(lambda: made(lives(units=0, rows=0)))

    def test_no_unit_that_fails(self) -> None:
        frame = lives(units=20, rows=30).assign(RUL=lambda f: 99 - f["cycle"])
        (problem,) = problems(lambda: made(frame)).values()
        assert problem.message == (
            "no unit reaches failure, 20 are censored: RUL never falls below 70"
        )
        frame = lives(units=20, rows=30).assign(censored="yes")
        assert (
            "no unit reaches failure" in problems(lambda: made(frame))["column 'censored'"].message
        )

    def test_a_time_that_goes_back_or_stands_still(self) -> None:
        frame = lives(units=20, rows=30)
        frame.loc[40, "cycle"], frame.loc[100, "cycle"] = 2, frame.loc[99, "cycle"]
        with pytest.raises(Exception, match="sort the rows of each unit") as caught:
            made(frame)
        messages = str(caught.value)
        assert "time goes back in 1 of 20 units, first in unit 2 at row 41" in messages
        assert "time does not advance in 1 of 20 units, first in unit 4 at row 101" in messages

    def test_text_in_numbers(self) -> None:
        frame = lives(units=20, rows=30).astype({"wear": object})
        frame.loc[[7, 9], "wear"] = "n. a."
        (problem,) = problems(lambda: made(frame)).values()
        assert str(problem).startswith(
            "column 'wear': no numbers in 2 of 600 rows, first 'n. a.' in row 8; write numbers"
        )

    def test_nearly_all_readings_missing(self) -> None:
        frame = lives(units=20, rows=30)
        frame.loc[frame.index % 10 != 0, "wear"] = None
        assert problems(lambda: made(frame))["column 'wear'"].message == (
            "90% of the readings are missing"
        )

    def test_a_unit_without_one_reading(self) -> None:
        frame = lives(units=20, rows=30).assign(more=1.0)
        frame.loc[frame["unit"] == 4, "more"] = None
        found = problems(lambda: made(frame))
        assert found["column 'more'"].message == "no readings in 1 units, first in 4"

    def test_rul_that_rises_or_is_negative(self) -> None:
        frame = lives(units=20, rows=30).assign(rul=lambda f: f["cycle"] - 1)
        with pytest.raises(Exception, match="rises with time") as caught:
            made(frame)
        assert "negative in 20 rows, first -1 in row 1" in str(caught.value)

    def test_a_flag_and_a_rul_that_contradict_each_other(self) -> None:
        frame = lives(units=20, rows=30).assign(rul=lambda f: 99 - f["cycle"], failed=True)
        assert "says that unit 1 failed" in problems(lambda: made(frame))["column 'failed'"].message

    def test_units_and_times_that_are_missing(self) -> None:
        frame = lives(units=20, rows=30).astype({"unit": float, "cycle": float})
        frame.loc[[3, 4], "unit"], frame.loc[5, "cycle"] = None, None
        found = problems(lambda: made(frame))
        assert found["column 'unit'"].message == "missing in 2 rows, first in row 4"
        assert found["column 'cycle'"].message == "missing in 1 rows, first in row 6"

    def test_another_column_taken_for_the_unit(self) -> None:
        frame = lives(units=20, rows=30).assign(unit=range(600))
        assert (
            "is another column the unit?" in problems(lambda: made(frame))["column 'unit'"].advice
        )

    def test_infinite_readings(self) -> None:
        frame = lives(units=20, rows=30)
        frame.loc[3, "wear"] = np.inf
        assert "infinite" in problems(lambda: made(frame))["column 'wear'"].message

    def test_everything_at_once(self, rig: MachineProfile, rig_seed: pd.DataFrame) -> None:
        frame = rig_seed.drop(columns=["ambient", "failure_mode"]).astype({"flow": object})
        frame.loc[5, "flow"] = "wet"
        frame.loc[frame.index % 10 != 0, "seal_leak"] = None
        frame.loc[8, "cycle_hour"] = 0.0
        frame["bearing_temperature"] = frame["bearing_temperature"] * 1.8 + 32
        found = problems(lambda: made(frame, rig))
        assert set(found) == {
            "ambient",
            "failure_mode",
            "bearing_temperature",
            "column 'flow'",
            "column 'seal_leak'",
            "column 'cycle_hour'",
        }
        assert "outside" in found["bearing_temperature"].message

    def test_a_failure_mode_that_the_machine_has_not(
        self, rig: MachineProfile, rig_seed: pd.DataFrame
    ) -> None:
        found = problems(lambda: made(rig_seed.assign(failure_mode="rust"), rig))
        assert "it has bearing, seal" in found["column 'failure_mode'"].advice
        found = problems(lambda: made(rig_seed, rig, "rust"))
        assert found["--failure-mode"].advice == "it has bearing, seal"

    def test_times_in_another_unit_than_the_profiles_life(
        self, rig: MachineProfile, rig_seed: pd.DataFrame
    ) -> None:
        frame = rig_seed.assign(
            cycle_hour=rig_seed["cycle_hour"] * 3600, rul_hours=rig_seed["rul_hours"] * 3600
        )
        assert "h apart" in problems(lambda: made(frame, rig))["cycle_hour"].message
