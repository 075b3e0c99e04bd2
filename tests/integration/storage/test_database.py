"""The connection to the database."""

from __future__ import annotations

import pytest

from storage.database import database, execute, open_database
from storage.settings import Settings


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("wanted", "prepared"), [(True, 1), (False, 0)])
def test_a_frequent_statement_is_prepared_unless_a_pooler_forbids_it(
    settings: Settings, wanted: bool, prepared: int
) -> None:
    open_database(settings.model_copy(update={"prepared_statements": wanted}))
    for number in range(10):
        execute("SELECT :number + 1", number=number)
    count = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE :like"
    assert execute(count, like="%+ 1") == [(prepared,)]
    database.close()
