"""Taking machines in."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

import actors
from errors import BrokerUnavailable, InvalidProfile
from events.onboarding import NewMachine, new_machine, register
from events.plan import Plan
from storage.database import database
from storage.ledger.event_log import Dispatch
from storage.queries import events as event_queries
from storage.queries import jobs as job_queries
from storage.queries import machines
from tests.integration.conftest import profile_of

assert actors  # declares the stages
pytestmark = pytest.mark.usefixtures("ledger")


def newcomer(machine_id: str, model: str = "EX-1") -> NewMachine:
    return new_machine(f"{machine_id}.yaml", profile_of(machine_id, model=model))


def no_broker(jobs: Sequence[Dispatch]) -> None:
    raise BrokerUnavailable("away")


def test_each_machine_gets_its_event_and_its_first_job() -> None:
    sent: list[Dispatch] = []
    taken = register(
        [newcomer("pump_1"), newcomer("pump_2")], Plan(rows=2000), sent.extend, actor="test"
    )
    assert taken.created == ["pump_1", "pump_2"]
    assert [job.stage for job in job_queries.jobs()] == ["generate_seed"] * 2
    assert len(sent) == 2
    events = event_queries.events()
    assert [event.payload["rows"] for event in events] == [2000, 2000]
    assert events[0].correlation_id != events[1].correlation_id


def test_a_broker_that_is_away_is_no_obstacle() -> None:
    taken = register([newcomer("pump_1")], Plan(), no_broker, actor="test")
    assert (taken.created, taken.delivered) == (["pump_1"], False)
    assert machines.machine("pump_1").status == "pending"


def test_the_very_same_profile_again_starts_nothing() -> None:
    register([newcomer("pump_1")], Plan(), no_broker, actor="test")
    taken = register([newcomer("pump_1")], Plan(epochs=7), no_broker, actor="test")
    assert (taken.created, taken.known) == ([], ["pump_1"])
    assert len(event_queries.events()) == 1


def test_an_id_that_exists_with_another_profile_is_refused_and_nothing_is_written() -> None:
    register([newcomer("pump_1"), newcomer("pump_2")], Plan(), no_broker, actor="test")
    batch = [newcomer("pump_3"), newcomer("pump_1", "other"), newcomer("pump_2", "other")]
    with pytest.raises(InvalidProfile) as error:
        register(batch, Plan(), no_broker, actor="test")
    assert len(error.value.problems) == 2
    assert "fleetforge machines delete pump_1" in str(error.value)
    assert [one.machine_id for one in machines.machines()] == ["pump_1", "pump_2"]


def test_the_same_profile_from_many_at_once_is_taken_in_once() -> None:
    barrier = threading.Barrier(6)
    created: list[str] = []

    def submit() -> None:
        barrier.wait()
        created.extend(register([newcomer("pump_1")], Plan(), no_broker, actor="test").created)
        database.close()

    threads = [threading.Thread(target=submit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert created == ["pump_1"]
    assert len(event_queries.events()) == 1
