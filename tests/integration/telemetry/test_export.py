"""Readings and predictions as files: what was sent comes back exactly."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from cli import fleetforge
from events.lives import end_life
from storage.database import database, execute, transaction
from storage.queries.in_service import predictions
from storage.settings import PREFIX
from storage.telemetry import history
from storage.telemetry.lives import EndedBy, Ending
from tests.integration.serving import Http
from tests.integration.telemetry.plant import HOUR, Plant

UNIT = "/api/gan/machines/press_1/units/1"


@pytest.fixture
def plant(http: Http) -> Plant:
    found = Plant(http.service.settings)
    found.add_machine()
    return found


def odd_figures(count: int) -> list[float]:
    """Readings whose decimals say whether every bit comes back."""
    random = Random(7)
    return [random.uniform(1, 7) for _ in range(count)]


def table_of(content: bytes, file_format: str) -> pd.DataFrame:
    if file_format == "parquet":
        return pd.read_parquet(io.BytesIO(content))
    return pd.read_csv(io.BytesIO(content), parse_dates=["at"], float_precision="round_trip")


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_what_was_sent_comes_back_exactly(
    http: Http, plant: Plant, file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BATCH_ROWS", 7)  # So there are several batches.
    figures = odd_figures(20)
    rows = [plant.reading(hour, vibration=one) for hour, one in enumerate(figures)]
    plant.send(rows)
    answer = http.get(f"{UNIT}/readings", params={"format": file_format})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].endswith(f'press_1_1_readings.{file_format}"')
    table = table_of(answer.content, file_format)
    assert list(table.columns) == [
        "at",
        "life",
        "hours_in_service",
        "vibration",
        "temperature",
        "late",
    ]
    assert [round(at.timestamp() * 1000) for at in table["at"]] == [row.at for row in rows]
    assert table["vibration"].tolist() == figures
    assert table["temperature"].isna().all()
    assert table["hours_in_service"].tolist() == list(range(20))
    part = {"format": file_format, "since": rows[5].at, "until": rows[12].at}
    content = http.get(f"{UNIT}/readings", params=part).content
    assert table_of(content, file_format)["vibration"].tolist() == figures[5:13]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_exported_file_can_be_sent_again(http: Http, plant: Plant) -> None:
    plant.send(plant.life()[:30])
    before = plant.figures()
    csv = http.get(f"{UNIT}/readings", params={"format": "csv"})
    again = http.post(
        "/api/gan/machines/press_1/readings",
        content=csv.content,
        headers={"Content-Type": "text/csv"},
    ).json()
    assert (again["taken"], again["known"]) == (0, 30)
    assert not any("other readings" in str(problem) for problem in again["problems"])
    assert plant.figures() == before


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_json_has_pages_with_each_row_once(http: Http, plant: Plant) -> None:
    figures = odd_figures(5)
    plant.send([plant.reading(hour, vibration=one) for hour, one in enumerate(figures)])
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 2, "since": plant.now}
    while True:
        page = http.get(f"{UNIT}/readings", params=query).json()
        found += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert [one["readings"] for one in found] == [{"vibration": one} for one in figures]
    assert [one["at"] for one in found] == [plant.now + hour * HOUR for hour in range(5)]
    assert (found[3]["hours_in_service"], found[3]["life"], found[3]["late"]) == (3, 1, False)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_rows_have_the_life_that_they_belong_to(http: Http, plant: Plant) -> None:
    plant.send([plant.reading(hour) for hour in (0, 4, 10, 12)])
    failure = Ending("press_1", "1", plant.now + 10 * HOUR, EndedBy.FAILURE)
    end_life(failure, plant.sent.extend, "test")
    items = http.get(f"{UNIT}/readings").json()["items"]
    assert [(one["life"], one["hours_in_service"]) for one in items] == [
        (1, 0),
        (1, 4),
        (1, 10),
        (2, 2),
    ]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_what_cannot_be_exported_is_refused(http: Http, plant: Plant) -> None:
    plant.send([plant.reading(0)])
    for name in ("readings", "predictions"):
        paged = http.get(f"{UNIT}/{name}", params={"format": "csv", "limit": 3})
        assert (paged.status_code, "have no pages" in paged.text) == (422, True)
        assert http.get(f"{UNIT}/{name}", params={"format": "xlsx"}).status_code == 422
        assert http.get(f"{UNIT}0/{name}", params={"format": "csv"}).status_code == 404
        assert http.get(f"{UNIT}%00/{name}").status_code == 404
        empty = http.get(f"{UNIT}/{name}", params={"format": "parquet", "since": 2**52})
        assert len(pd.read_parquet(io.BytesIO(empty.content))) == 0
    assert http.get("/api/gan/machines/press_9/units/1/readings").status_code == 404


RUL = 0.1 + 0.2


def predict(plant: Plant, *modes: str | None) -> None:
    """Kept predictions of all units, one a millisecond."""
    with transaction():
        for number, mode in enumerate(modes):
            execute(
                """INSERT INTO predictions (machine_id, unit_id, life, level, failure_class,
                    probabilities, rul_hours, predicted_at, created_at)
                SELECT machine_id, id, 1, 'healthy', :mode, '{{"healthy": 1.0}}', :rul, :at, :at
                FROM units""",
                mode=mode,
                rul=RUL,
                at=plant.now + number,
            )


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_predictions_are_exported_whole_and_safe_for_spreadsheets(
    http: Http, plant: Plant, file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "BATCH_ROWS", 2)
    plant.send([plant.reading(0)])
    predict(plant, "bearing", "=1+1", None)
    answer = http.get(f"{UNIT}/predictions", params={"format": file_format})
    if file_format == "parquet":
        table = pd.read_parquet(io.BytesIO(answer.content))
        assert table["failure_class"].tolist() == ["bearing", "=1+1", None]
    else:
        table = pd.read_csv(io.BytesIO(answer.content), float_precision="round_trip")
        assert table["failure_class"].tolist()[:2] == ["bearing", "'=1+1"]
        assert "=1+1" not in answer.text.replace("'=1+1", "")
    assert table["rul_hours"].tolist() == [RUL] * 3
    assert json.loads(table["probabilities"][0]) == {"healthy": 1.0}
    assert table["probability"].isna().all()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_commands_write_the_same_files(http: Http, plant: Plant, tmp_path: Path) -> None:
    plant.send(plant.life()[:20])
    predict(plant, "bearing", "seal")
    environment = {f"{PREFIX}HOME": str(plant.settings.home)}
    database.close()

    def run(*arguments: str) -> Any:
        return CliRunner(env=environment).invoke(fleetforge, arguments)

    for command in (("readings", "export"), ("units", "predictions")):
        for file_format in ("csv", "parquet"):
            path = tmp_path / f"{command[1]}.{file_format}"
            done = run(*command, "press_1", "-o", str(path))
            assert done.exit_code == 0, done.output
            name = "readings" if command[0] == "readings" else "predictions"
            served = http.get(f"{UNIT}/{name}", params={"format": file_format})
            assert path.read_bytes() == served.content
    assert run("readings", "export", "press_1", "-o", str(path)).stdout == f"{path}: 20 rows\n"
    since = ("--since", "2100-01-01", "--json")
    later = run("readings", "export", "press_1", "1", "-o", str(path), *since)
    assert json.loads(later.stdout) == {"file": str(path), "rows": 0}
    refused = run("readings", "export", "press_1", "-o", str(tmp_path / "readings.xlsx"))
    assert "name it *.csv or *.parquet" in str(refused.exception)
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    assert "cannot be written" in str(
        run("units", "predictions", "press_1", "-o", str(folder)).exception
    )
    missing = run("readings", "export", "press_1", "9", "-o", str(path))
    assert "has no unit '9'" in str(missing.exception)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_missing_reading_is_empty_in_each_format(http: Http, plant: Plant) -> None:
    plant.send([plant.reading(0, vibration=1.5), plant.reading(1, temperature=45.0)])
    assert math.isnan(plant.figures()[0][1])
    csv = http.get(f"{UNIT}/readings", params={"format": "csv"}).text.splitlines()
    assert csv[1].endswith(",1,0,1.5,,false")
    parquet = http.get(f"{UNIT}/readings", params={"format": "parquet"}).content
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(io.BytesIO(parquet))
    assert file.read()["temperature"].null_count == 1
    assert file.schema_arrow.field("vibration").metadata == {b"unit": b"mm/s"}
