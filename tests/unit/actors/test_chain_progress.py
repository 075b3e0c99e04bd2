"""The progress of an onboarding as one number."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.chain_progress import PASSES, passed, shares
from storage.queries.in_service.watching import Run

EQUAL = [0.25] * 4


def run(attempt: int = 1) -> Run:
    return Run(event_id=1, stage="any", attempt=attempt, began_at=None)


def test_each_stage_counts_for_the_time_that_it_takes() -> None:
    assert shares([1.0, 6.0, 2.0, 1.0]) == [0.1, 0.6, 0.2, 0.1]
    assert passed([0.1, 0.6, 0.2, 0.1], 1, run(), 50) == pytest.approx(0.4 * PASSES[0])


def test_a_stage_that_never_ran_counts_as_much_as_the_others_do() -> None:
    assert shares([None, None]) == [0.5, 0.5]
    assert shares([1.0, None, 3.0]) == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert sum(shares([0.0, 0.0])) == 0


def test_a_retraining_continues_where_the_pass_before_ended() -> None:
    end_of_first = passed(EQUAL, 3, run(), 100)
    assert end_of_first == pytest.approx(PASSES[0])
    again = [passed(EQUAL, place, run(2), 0) for place in (1, 2, 3)]
    assert end_of_first < again[0] < again[1] < again[2] < PASSES[1]
    assert passed(EQUAL, 3, run(9), 100) == pytest.approx(PASSES[2])


@given(
    st.lists(st.floats(0.1, 1_000), min_size=4, max_size=4),
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 100)), min_size=2),
)
def test_later_is_never_less(seconds: list[float], steps: list[tuple[int, int, int]]) -> None:
    """A step is the number of the pass, the place of the stage, and its progress."""
    reached = [
        passed(shares(list(seconds)), place, run(number), progress)
        for number, place, progress in sorted(steps)
    ]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(reached))
    assert all(0 <= each < 100 for each in reached)
