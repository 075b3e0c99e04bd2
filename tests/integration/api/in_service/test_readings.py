"""Readings over HTTP: their forms, and what is refused."""

from __future__ import annotations

import io
import json

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from GAN.config.limits import MAX_BATCH_ROWS
from tests.integration.api.in_service.batches import READINGS, as_json
from tests.integration.serving import Http
from tests.integration.telemetry.plant import Plant

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


def test_the_four_forms_of_readings_say_the_same(http: Http, plant: Plant) -> None:
    rows = as_json(plant, 6)
    table = pd.DataFrame([{"unit": r["unit"], "at": r["at"], **r["readings"]} for r in rows])
    packed = io.BytesIO()
    table.to_parquet(packed, index=False)
    forms = {
        "application/json": json.dumps({"readings": rows}).encode(),
        "application/x-ndjson": "\n".join(map(json.dumps, rows)).encode(),
        "text/csv": table.to_csv(index=False).encode(),
        "application/vnd.apache.parquet": packed.getvalue(),
    }
    counts = []
    for media_type, body in forms.items():
        answer = http.post(READINGS, content=body, headers={"Content-Type": media_type}).json()
        counts.append((answer["taken"], answer["known"], answer["problems"]))
    assert counts == [(6, 0, []), *[(0, 6, [])] * 3]


@pytest.mark.parametrize(
    ("media_type", "body", "detail"),
    [
        ("application/json", b"{", "not JSON"),
        ("application/json", b"[]", "no rows"),
        ("application/json", b'{"readings": 3}', "no list of readings"),
        ("application/json", b'[{"at": 1, "values": {}}]', "unknown field 'values'"),
        ("application/x-ndjson", b"nonsense\n", "line 1: not JSON"),
        ("text/csv", b"vibration\n1\n", "no column of times"),
        ("text/csv", b"at,vibration,vibration\n1,2,3\n", "two columns are named 'vibration'"),
        ("text/csv", b"at,vibration\n2026-01-31 12:00:00,1.5\n", "is not a time"),
        ("text/csv", b"at,vibration\n1790000000,1.5\n", "write ms since 1970, not s"),
        ("application/vnd.apache.parquet", b"PAR1", "not Parquet"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    http: Http, plant: Plant, media_type: str, body: bytes, detail: str
) -> None:
    answer = http.post(READINGS, content=body, headers={"Content-Type": media_type})
    assert answer.status_code == 422
    assert detail in str(answer.json())
    assert plant.count("units") == 0


@pytest.mark.parametrize(
    "column",
    [
        pa.array([10**14], pa.timestamp("s", "UTC")),
        pa.array([1_700_000_000], pa.timestamp("s", "Nowhere/X")),
    ],
)
def test_times_that_no_clock_shows_are_refused(http: Http, plant: Plant, column: pa.Array) -> None:
    body = io.BytesIO()
    parquet.write_table(pa.table({"at": column, "vibration": [1.5]}), body)
    media_type = {"Content-Type": "application/vnd.apache.parquet"}
    assert http.post(READINGS, content=body.getvalue(), headers=media_type).status_code == 422
    assert plant.count("readings") == 0


def test_a_small_file_that_unpacks_to_much_is_refused(http: Http, plant: Plant) -> None:
    body = io.BytesIO()
    table = pa.table({"at": ["x" * 1_000_000] * 500, "vibration": [1.5] * 500})
    parquet.write_table(table, body)
    assert len(body.getvalue()) < 8_000_000
    media_type = {"Content-Type": "application/vnd.apache.parquet"}
    answer = http.post(READINGS, content=body.getvalue(), headers=media_type)
    assert (answer.status_code, "too large" in answer.text) == (422, True)
    assert plant.count("readings") == 0


def test_a_batch_that_is_too_large_is_refused(http: Http, plant: Plant) -> None:
    lines = "at,vibration\n" + "1790000000000,1\n" * (MAX_BATCH_ROWS + 1)
    answer = http.post(READINGS, content=lines, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, "send several batches" in answer.text) == (422, True)
    large = http.post(READINGS, content=b"x" * 8_000_001, headers={"Content-Type": "text/csv"})
    assert large.status_code == 413
    assert plant.count("readings") == 0


def test_a_repeated_request_gets_the_first_answer(http: Http, plant: Plant) -> None:
    headers = {"Idempotency-Key": "batch-1"}
    first = http.post(READINGS, json=as_json(plant, 4), headers=headers)
    again = http.post(READINGS, json=as_json(plant, 4), headers=headers)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
