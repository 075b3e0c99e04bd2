"""Downloads, on both databases: from a folder on SQLite, from a bucket on PostgreSQL."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from api.responses.csv_export import csv_of
from events.vocabulary import SyntheticDataReady
from GAN.layout import page_key, report_key, split_key
from storage.artifacts import registry
from storage.artifacts.staging import staging_prefix
from storage.artifacts.store import LocalStore
from storage.queries import jobs
from storage.settings import Settings
from tests.integration.collecting import empty_bucket
from tests.integration.serving import Http, serving

TRAIN = "/api/gan/machines/pump_1/data/train"
TABLE = pd.DataFrame(
    {
        "unit_id": [1, 1, 2],
        "failure_mode": ['bear"ing', "a,b", None],
        "vibration": [1.5, -2.25, None],
    }
)


def parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return buffer.getvalue()


SET = parquet(TABLE)
ETAG = f'"{hashlib.sha256(SET).hexdigest()}"'


@pytest.fixture
def stored(
    ledger: Settings, redis_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Http]:
    """A service whose machine has its sets and reports."""
    settings = ledger.model_copy(update={"redis_url": SecretStr(redis_url)})
    with serving(settings) as client:
        if ledger.database_url is not None:
            bucket = empty_bucket(request.getfixturevalue("bucket"), tmp_path)
            client.replace_store(bucket)
        client.create()
        client.finish(
            jobs.jobs()[0].id,
            SyntheticDataReady(machine_id="pump_1"),
            {
                split_key("pump_1", "train"): SET,
                report_key("pump_1"): b'{"passed": true}',
                page_key("pump_1"): b"<!DOCTYPE html><title>pump_1</title>",
            },
        )
        yield client


def test_a_set_is_the_published_file(stored: Http) -> None:
    answer = stored.get(TRAIN)
    assert answer.status_code == 200
    assert answer.content == SET
    assert answer.headers["etag"] == ETAG
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(SET))
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    assert answer.headers["content-disposition"] == 'attachment; filename="pump_1_train.parquet"'
    assert pd.read_parquet(io.BytesIO(answer.content)).equals(TABLE)


READING = hypothesis_settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@READING
@given(cuts=st.sets(st.integers(1, len(SET) - 1), max_size=6))
def test_ranges_put_together_are_the_file(stored: Http, cuts: set[int]) -> None:
    borders = [0, *sorted(cuts), len(SET)]
    parts = []
    for start, end in pairwise(borders):
        answer = stored.get(TRAIN, headers={"Range": f"bytes={start}-{end - 1}"})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(SET)}"
        parts.append(answer.content)
    assert b"".join(parts) == SET


SIZE = len(SET)


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-0", 206, 0, 1),
        (f"bytes={SIZE - 1}-", 206, SIZE - 1, SIZE),
        ("bytes=-5", 206, SIZE - 5, SIZE),
        (f"bytes=-{SIZE + 5}", 206, 0, SIZE),
        (f"bytes=10-{SIZE + 5}", 206, 10, SIZE),
        # What RFC 9110 calls no range, or a server may pass over, gets the whole.
        ("bytes=5-4", 200, 0, SIZE),
        ("bytes=-", 200, 0, SIZE),
        ("bytes=a-b", 200, 0, SIZE),
        ("bytes=0-1,3-4", 200, 0, SIZE),
        ("lines=0-1", 200, 0, SIZE),
        ("bytes=" + "9" * 500 + "-", 200, 0, SIZE),
    ],
)
def test_a_range_is_what_the_standard_says(
    stored: Http, asked: str, status: int, start: int, end: int
) -> None:
    answer = stored.get(TRAIN, headers={"Range": asked})
    assert answer.status_code == status
    assert answer.content == SET[start:end]
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["etag"] == ETAG


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 9}", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(stored: Http, asked: str) -> None:
    answer = stored.get(TRAIN, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert answer.json()["detail"] == f"the file has {SIZE} bytes"


def test_a_range_of_a_file_that_has_changed_is_the_whole_new_file(stored: Http) -> None:
    part = {"Range": "bytes=0-9"}
    assert stored.get(TRAIN, headers=part | {"If-Range": ETAG}).status_code == 206
    for other in ('"another"', "Mon, 23 Nov 2026 22:34:34 GMT", f"W/{ETAG}"):
        answer = stored.get(TRAIN, headers=part | {"If-Range": other})
        assert (answer.status_code, answer.content) == (200, SET)


@pytest.mark.parametrize("known", [ETAG, f"W/{ETAG}", f'"x", {ETAG}', "*"])
def test_a_file_that_the_client_has_is_not_sent_again(stored: Http, known: str) -> None:
    answer = stored.get(TRAIN, headers={"If-None-Match": known, "Range": "bytes=0-9"})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == ETAG
    assert stored.get(TRAIN, headers={"If-None-Match": '"x"'}).status_code == 200


def test_head_sends_the_headers_only(stored: Http) -> None:
    answer = stored.head(TRAIN, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer.headers["etag"], answer.headers["content-length"]) == (ETAG, str(SIZE))
    assert stored.head(TRAIN, params={"format": "csv"}).status_code == 200
    assert stored.head(TRAIN.replace("train", "val")).status_code == 404


def test_a_set_can_be_downloaded_as_csv(stored: Http) -> None:
    answer = stored.get(TRAIN, params={"format": "csv"}, headers={"Range": "bytes=0-9"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["accept-ranges"] == "none"
    assert answer.headers["etag"] != ETAG
    read = pd.read_csv(io.BytesIO(answer.content))
    assert read.equals(TABLE.replace({None: np.nan}))
    known = {"If-None-Match": answer.headers["etag"]}
    assert stored.get(TRAIN, params={"format": "csv"}, headers=known).status_code == 304


def test_a_missing_set_is_answered_with_the_call_that_makes_it(stored: Http) -> None:
    answer = stored.get(TRAIN.replace("train", "val"))
    assert answer.status_code == 404
    assert answer.json()["detail"] == (
        "pump_1 has no val.parquet yet; POST /api/gan/machines/pump_1/generate makes it"
    )
    assert stored.get(TRAIN.replace("train", "seed")).status_code == 422


def test_the_newest_set_is_sent(stored: Http) -> None:
    task = stored.post("/api/gan/machines/pump_1/seed").json()["task_id"]
    newer = parquet(TABLE.head(1))
    stored.finish(
        task, SyntheticDataReady(machine_id="pump_1"), {split_key("pump_1", "train"): newer}
    )
    answer = stored.get(TRAIN, headers={"Range": "bytes=0-9", "If-Range": ETAG})
    assert (answer.status_code, answer.content) == (200, newer)


def test_a_file_whose_bytes_have_changed_is_not_sent(stored: Http, tmp_path: Path) -> None:
    assert stored.get(TRAIN).status_code == 200
    store = stored.service.store
    if isinstance(store, LocalStore):
        file = registry.of_machine("pump_1")[split_key("pump_1", "train")]
        path = store.root / file.staged_key
        path.write_bytes(b"x" + SET[1:])
        answer = stored.get(TRAIN)
        assert answer.status_code == 500
        assert "SHA-256 is not the ledger's" in answer.json()["detail"]
        path.unlink()
        assert stored.get(TRAIN).status_code == 404
        return
    # Of a bucket's file this host has a copy, which is made again.
    (local,) = [path for path in (tmp_path / "scratch/inputs").iterdir() if "train" in path.name]
    local.write_bytes(b"x" + SET[1:])
    assert stored.get(TRAIN).content == SET


def test_reports_are_sent_to_machines_and_to_people(stored: Http) -> None:
    report = stored.get("/api/gan/machines/pump_1/report")
    assert report.headers["content-type"] == "application/json"
    assert report.json() == {"passed": True}
    page = stored.get("/api/gan/machines/pump_1/report.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.startswith("<!DOCTYPE html>")
    assert "attachment" not in page.headers.get("content-disposition", "")
    known = {"If-None-Match": page.headers["etag"]}
    answer = stored.get("/api/gan/machines/pump_1/report.html", headers=known)
    assert answer.status_code == 304
    for path, whole in (("report", report), ("report.html", page)):
        head = stored.head(f"/api/gan/machines/pump_1/{path}")
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "content-length", "etag"):
            assert head.headers[name] == whole.headers[name]


def test_csv_is_made_in_constant_memory(tmp_path: Path) -> None:
    """Four times the rows, all in one row group as pandas writes them, and no more memory."""

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.parquet"
        columns = {f"s{n}": np.arange(rows) * 0.25 + n for n in range(8)}
        pq.write_table(pa.table(columns), path, row_group_size=rows)
        most, lines = 0, 0
        before = pa.total_allocated_bytes()
        for chunk in csv_of(path):
            most = max(most, pa.total_allocated_bytes() - before)
            lines += chunk.count(b"\n")
        assert lines == rows + 1
        return most

    assert peak(600_000) < 1.2 * peak(150_000)


def test_a_table_without_rows_has_its_header(tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    TABLE.head(0).to_parquet(path)
    assert b"".join(csv_of(path)).splitlines()[0] == b'"unit_id","failure_mode","vibration"'


def test_a_file_that_gc_removes_meanwhile_is_sent_to_its_end(stored: Http) -> None:
    """A running download continues; the next one gets the newest file."""
    with stored.stream("GET", TRAIN) as answer:
        chunks = answer.iter_raw(1000)
        received = next(chunks)
        file = registry.of_machine("pump_1")[split_key("pump_1", "train")]
        attempt = file.staged_key.split("/")[2]
        job_id, token = map(int, attempt.split("."))
        stored.service.store.delete_staged(staging_prefix("pump_1", job_id, token))
        received += b"".join(chunks)
    assert received == SET
