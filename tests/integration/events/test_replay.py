"""Publishing a past event once more, on both databases."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import actors
from actors.graph import edges
from commands.ledger.replay import consequences
from errors import BrokerUnavailable, NotFound
from events.bus import new_correlation_id, replay
from events.onboarding import new_machine, register
from events.plan import Plan
from storage.ledger.event_log import Dispatch, publish
from storage.queries import events as event_queries
from storage.queries import jobs as job_queries
from tests.integration.conftest import add_event, add_machine, profile_of, record

assert actors  # declares the stages
on_both_databases = pytest.mark.usefixtures("ledger")


def no_broker(jobs: Sequence[Dispatch]) -> None:
    raise BrokerUnavailable("away")


def created() -> int:
    """A machine taken in; the id of its MachineCreated."""
    register(
        [new_machine("test", profile_of("pump_1"))],
        Plan(rows=2000, seed=7),
        no_broker,
        actor="test",
    )
    event_id: int = event_queries.events()[0].id
    return event_id


@on_both_databases
def test_a_replayed_event_is_a_twin_with_a_correlation_of_its_own() -> None:
    event_id = created()
    sent: list[Dispatch] = []
    written = replay(event_id, sent.extend, actor="test")
    first, twin = event_queries.events()
    assert twin.id == written.event_id
    for same in ("type", "machine_id", "payload"):
        assert getattr(twin, same) == getattr(first, same)
    assert twin.correlation_id != first.correlation_id
    assert (twin.causation_id, twin.key) == (event_id, None)
    assert first.key == "MachineCreated:pump_1"
    assert sent == written.jobs
    newest = job_queries.jobs()[0]
    assert (newest.id, newest.event_id) == (sent[0].job_id, twin.id)
    assert (newest.stage, newest.status) == ("generate_seed", "pending")


@on_both_databases
def test_an_event_can_be_replayed_again_and_so_can_its_twin() -> None:
    event_id = created()
    twin = replay(event_id, no_broker, actor="test").event_id
    assert twin is not None
    again = [
        replay(event_id, no_broker, actor="test").event_id,
        replay(twin, no_broker, actor="test").event_id,
    ]
    events = event_queries.events()
    assert [event.id for event in events[2:]] == again
    assert [event.causation_id for event in events] == [None, event_id, event_id, twin]
    assert len({event.correlation_id for event in events}) == 4
    assert len(job_queries.jobs()) == 4


@on_both_databases
def test_a_broker_that_is_away_is_no_obstacle_to_a_replay() -> None:
    written = replay(created(), no_broker, actor="test")
    assert [job.id for job in job_queries.jobs(status="pending")][:1] == [written.jobs[0].job_id]


@on_both_databases
def test_the_stages_that_react_today_react_to_a_replayed_event() -> None:
    add_machine()
    past = publish(record("SeedReady", "pump_1", {"rows": 1000}, new_correlation_id()))
    assert past.event_id is not None
    assert past.jobs == []  # No stage reacted then.
    (job,) = replay(past.event_id, no_broker, actor="test").jobs
    assert (job_queries.job(job.job_id).stage, job.queue) == ("train_tvae", "train")


@on_both_databases
def test_what_never_happened_cannot_be_replayed() -> None:
    event_id = created()
    with pytest.raises(NotFound, match="no event 99"):
        replay(99, no_broker, actor="test")
    assert [event.id for event in event_queries.events()] == [event_id]


@on_both_databases
def test_one_event_is_read_as_it_was_written() -> None:
    add_machine()
    event_id = add_event(epochs=7).event_id
    assert event_id is not None
    assert event_queries.event(event_id) == event_queries.events()[0]
    assert event_queries.event(event_id).payload == {"epochs": 7}


CHAIN = ["generate_seed", "train_tvae", "generate_synthetic", "assess_quality", "train_predictor"]


@pytest.mark.parametrize(
    ("event", "at_once", "afterwards"),
    [
        ("MachineCreated", CHAIN[:1], CHAIN[1:]),
        ("SeedReady", CHAIN[1:2], CHAIN[2:]),
        ("RetrainRequested", CHAIN[1:2], CHAIN[2:]),
        ("SyntheticDataReady", CHAIN[3:4], CHAIN[4:]),
        ("MachineOnboarded", CHAIN[4:], []),
        ("PredictorTrained", [], []),
        ("StageFailed", [], []),
        ("PumpPainted", [], []),
    ],
)
def test_the_consequences_of_an_event_are_those_of_the_declared_chain(
    event: str, at_once: list[str], afterwards: list[str]
) -> None:
    assert consequences(event, list(edges())) == (at_once, afterwards)


def test_each_consequence_counts_once_however_many_ways_lead_to_it() -> None:
    ways = [("A", "x", "B"), ("A", "y", "B"), ("B", "z", "A"), ("B", "y", "C"), ("B", "z", "B")]
    assert consequences("A", ways) == (["x", "y"], ["z"])
