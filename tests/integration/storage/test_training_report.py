"""`gan_training_jobs`, the table that users' reports read, is as its documentation says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from storage.database import database

DOCUMENT = Path(__file__).parents[3] / "docs" / "architecture.md"


@pytest.mark.usefixtures("ledger")
def test_it_has_the_columns_that_are_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    section = re.split(r"\n#+ gan_training_jobs\n", text)[1].split("\n#")[0]
    documented = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert documented == [column.name for column in database.get_columns("gan_training_jobs")]
