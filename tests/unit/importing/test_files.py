"""Reading files of run-to-failure data, and mappings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from errors import InvalidInput
from GAN.importing.files import ColumnMapping, read_mapping, read_runs
from tests.unit.importing.samples import lives, problems, written


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])
def test_a_table_comes_as_it_is_in_the_file(tmp_path: Path, suffix: str) -> None:
    frame = lives(units=2, rows=5)
    path = tmp_path / f"runs{suffix}"
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_csv(path, index=False)
    pd.testing.assert_frame_equal(read_runs(path), frame)


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_a_csv_may_have_another_separator(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"unit{separator} flow\n1{separator} 2.5\n".encode())
    assert read_runs(path).to_dict("list") == {"unit": [1], "flow": [2.5]}


def test_where_semicolons_separate_a_comma_is_the_decimal_point(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("unit;flow\n1;2,5\n")
    assert read_runs(path)["flow"].tolist() == [2.5]


def test_a_column_that_pandas_put_into_the_index_is_there(tmp_path: Path) -> None:
    frame = lives(units=2, rows=5).set_index("unit")
    assert "unit" in read_runs(written(frame, tmp_path / "runs.parquet"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("runs.xlsx", b"x", "'.xlsx' is not a data format; give a .csv or .parquet file"),
        ("runs", b"x", "the name has no suffix"),
        ("missing.csv", None, "cannot be read: No such file or directory"),
        ("missing.parquet", None, "cannot be read: No such file or directory"),
        ("empty.csv", b"", "empty"),
        ("latin.csv", b"unit,flow\n1,\xe4\n", "not UTF-8"),
        ("ragged.csv", b"a,b\n1,2,3,4\n1,2,3,4,5,6\n", "broken CSV"),
        ("numbers.csv", b"1,2\n1,3\n", "the first line holds numbers"),
        ("broken.parquet", b"PAR1 no parquet at all", "broken Parquet"),
        ("empty.parquet", b"", "broken Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput) as error:
        read_runs(tmp_path / name)
    assert said in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_of_more_rows_than_can_be_taken_is_refused(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("GAN.importing.files.MAX_FILE_ROWS", 9)
    path = written(lives(units=2, rows=5), tmp_path / f"runs{suffix}")
    (problem,) = problems(lambda: read_runs(path)).values()
    assert "rows" in problem.message


def test_a_mapping_names_columns_and_their_units(tmp_path: Path) -> None:
    path = tmp_path / "columns.yaml"
    path.write_text("unit_id: Engine\nflow: 7\nvibration: {column: s 4, unit: mm/s}\n")
    assert read_mapping(path) == ColumnMapping(
        {"unit_id": "Engine", "flow": "7", "vibration": "s 4"}, {"vibration": "mm/s"}
    )


def test_all_problems_of_a_mapping_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "columns.json"
    path.write_text('{"Flow": "x", "a": {"column": "s", "unit": "parsec"}, "b": [1], "b": [2]}')
    assert set(problems(lambda: read_mapping(path))) == {"Flow", "a.unit", "b"}


@pytest.mark.parametrize("text", ["", "[]", "a: &x 1", "a: {"])
def test_a_text_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "columns.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput):
        read_mapping(path)
