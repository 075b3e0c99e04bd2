"""Messages of readings."""

from __future__ import annotations

import pytest

from GAN.config.limits import MAX_BATCH_BYTES
from GAN.telemetry.messages import read_message


def test_a_row_gets_machine_and_unit_from_the_topic() -> None:
    batch = read_message("press_1", "7", b'{"at": 1, "readings": {"vibration": 1.5}}', "topic t")
    (row,) = batch.rows
    assert (row.machine, row.unit, row.at, row.values) == ("press_1", "7", 1, {"vibration": 1.5})
    assert (row.place, batch.problems) == ("topic t", [])


def test_a_bad_row_of_a_list_does_not_spoil_the_others() -> None:
    batch = read_message("press_1", "7", b'[{"at": 1, "readings": {}}, 5, {"at": 2}]', "topic t")
    assert [row.at for row in batch.rows] == [1]
    assert [problem.message for problem in batch.problems] == [
        "not an object",
        "no object of readings",
    ]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"\xff\xfe1", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"9" * 10_000, "not JSON"),
        (b"[]", "no rows"),
        (b"null", "not an object"),
        (b'{"at": 1, "readings": {}, "unit": "7"}', "unknown field 'unit'"),
        (b'{"at": 1, "vibration": 1.5}', "unknown field 'vibration'"),
        (b"[" + b"1," * 50_000 + b"1]", "50,001 rows are too many for one batch"),
        (b" " * (MAX_BATCH_BYTES + 1), "8,000,001 bytes are too many for one message"),
    ],
)
def test_what_is_no_message_is_a_problem(payload: bytes, message: str) -> None:
    batch = read_message("press_1", "7", payload, "topic t")
    assert batch.rows == []
    assert batch.problems[0].path == "topic t"
    assert batch.problems[0].message.startswith(message)
