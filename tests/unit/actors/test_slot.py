"""A worker's one place for a job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.broker.bell import Slot
from tests.waiting import eventually

PRIORITIES = st.integers(-3, 3)
PATIENCE = st.sampled_from([0.0, 0.001, 0.01])

#: Longer than anything here takes, seconds.
LONG = 60.0


def at_once(actions: list[Callable[[], None]]) -> list[threading.Thread]:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    return threads


def wait_in_line(slot: Slot, waiters: list[tuple[str, int]], served: list[str]) -> None:
    """Let queues wait for the place, note the order in which they get it once it is freed."""

    def wait(queue_name: str, priority: int) -> None:
        assert slot.take(queue_name, priority, LONG)
        served.append(queue_name)
        slot.free()

    threads = at_once([lambda waiter=waiter: wait(*waiter) for waiter in waiters])
    eventually(lambda: len(slot._waiting) == len(waiters))
    assert served == []
    slot.free()
    for thread in threads:
        thread.join(LONG)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.tuples(PRIORITIES, PATIENCE), min_size=1), min_size=2, max_size=6))
def test_the_place_is_never_taken_twice_and_is_free_in_the_end(
    queues: list[list[tuple[int, float]]],
) -> None:
    slot = Slot()
    holders: list[str] = []
    seen: list[int] = []

    def come_and_go(queue_name: str, tries: list[tuple[int, float]]) -> None:
        for priority, patience in tries:
            if slot.take(queue_name, priority, patience):
                holders.append(queue_name)
                time.sleep(0.0005)
                seen.append(len(holders))
                holders.remove(queue_name)
                slot.free()

    names = [f"queue {number}" for number in range(len(queues))]
    threads = at_once(
        [lambda one=one: come_and_go(*one) for one in zip(names, queues, strict=True)]
    )
    for thread in threads:
        thread.join(LONG)
    assert set(seen) <= {1}
    assert slot.take("last", 0, 0)


@settings(max_examples=30, deadline=None)
@given(st.lists(PRIORITIES, min_size=1, max_size=8))
def test_the_highest_priority_that_waits_is_first(priorities: list[int]) -> None:
    slot = Slot()
    assert slot.take("busy", 0, 0)
    priority_of = {f"queue {number}": priority for number, priority in enumerate(priorities)}
    served: list[str] = []
    wait_in_line(slot, list(priority_of.items()), served)
    assert [priority_of[name] for name in served] == sorted(priorities, reverse=True)


@settings(max_examples=30, deadline=None)
@given(st.permutations(["a", "b", "c", "d"]), st.permutations(["a", "b", "c", "d"]))
def test_of_equals_the_one_that_was_served_longest_ago_is_first(
    before: list[str], waiters: list[str]
) -> None:
    slot = Slot()
    for queue_name in before:
        assert slot.take(queue_name, 0, 0)
        slot.free()
    assert slot.take("busy", 0, 0)
    served: list[str] = []
    wait_in_line(slot, [(queue_name, 0) for queue_name in waiters], served)
    assert served == before


@settings(max_examples=10, deadline=None)
@given(st.lists(PRIORITIES, min_size=1, max_size=4), PRIORITIES)
def test_a_queue_that_gives_up_waiting_blocks_no_other(gave_up: list[int], stays: int) -> None:
    slot = Slot()
    assert slot.take("busy", 0, 0)
    served: list[str] = []
    results: list[bool] = []

    def wait() -> None:
        assert slot.take("patient", stays, LONG)
        served.append("patient")

    (patient,) = at_once([wait])
    eventually(lambda: len(slot._waiting) == 1)
    impatient = at_once(
        [lambda one=one: results.append(slot.take("impatient", one, 0.01)) for one in gave_up]
    )
    for thread in impatient:
        thread.join(LONG)
    assert results == [False] * len(gave_up)
    assert served == []
    slot.free()
    patient.join(LONG)
    assert served == ["patient"]
    slot.free()
    assert slot.take("next", -1000, 0)
