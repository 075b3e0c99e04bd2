"""The states that a socket has to send: the newest, and never an older one after it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from api.live.hub import REMOVED, Watcher
from storage.queries.task_states import TaskState

STATE = TaskState("pump_1", 1, "train_tvae", "running", 0, None, None, "", 1)
states = st.builds(
    lambda machine, task, seq: replace(STATE, machine_id=machine, task_id=task, seq=seq),
    st.sampled_from(["pump_1", "pump_2"]),
    st.integers(1, 3),
    st.integers(1, 9),
)


def order(state: TaskState) -> tuple[int | None, int]:
    return state.task_id, state.seq


async def _received(given_states: list[TaskState], pauses: set[int]) -> list[TaskState]:
    """What the client gets which reads after the states with these indices, and at the end."""
    watcher = Watcher(None)
    received: list[TaskState] = []
    for index, state in enumerate(given_states):
        watcher.receive(state)
        if index in pauses or index == len(given_states) - 1:
            try:
                async with asyncio.timeout(0):
                    received += await watcher.updates()
            except TimeoutError:
                continue
    return received


@given(st.lists(states, min_size=1, max_size=20), st.sets(st.integers(0, 19)))
def test_in_any_order_of_states_a_client_gets_the_newest_and_never_an_older_one(
    given_states: list[TaskState], pauses: set[int]
) -> None:
    received = asyncio.run(_received(given_states, pauses))
    for machine in {state.machine_id for state in given_states}:
        numbers = [order(state) for state in received if state.machine_id == machine]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == max(
            order(state) for state in given_states if state.machine_id == machine
        )


def test_a_thousand_unread_states_are_one() -> None:
    given_states = [replace(STATE, seq=seq) for seq in range(1000)]
    assert asyncio.run(_received(given_states, set())) == [given_states[-1]]


def test_a_machine_that_is_removed_may_come_again() -> None:
    async def received() -> list[TaskState]:
        watcher = Watcher(None)
        watcher.receive(STATE, sent=True)
        watcher.receive_removed("pump_1")
        removed = await watcher.updates()
        watcher.receive(STATE)
        return removed + await watcher.updates()

    assert asyncio.run(received()) == [replace(STATE, status=REMOVED), STATE]
