from __future__ import annotations

import pandas as pd
import pytest

from tests.unit.tvae.tables import mixed


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return mixed(4_000, 0)
