"""A small fleet under fire; `make chaos` is the long version."""

from __future__ import annotations

import pytest

from benchmarks.chaos.run import run


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_fleet_under_fire_loses_nothing_and_does_nothing_twice(database: str) -> None:
    outcome = run(
        database,
        machines=9,
        kills=6,
        workers=3,
        lease_seconds=2,
        stage_seconds=0.2,
        seed=1,
        say=lambda _: None,
    )
    assert outcome.broken_promises == []
    assert outcome.onboarded == outcome.machines >= 9
    assert outcome.misfortunes["kill a worker"] == 3
    assert outcome.misfortunes["kill a stage process"] == 3
