"""The bell: real Dramatiq workers in threads, on a real Valkey."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from actors.broker.bell import AWAY_SECONDS, BELL_LIFETIME_SECONDS, BLOCK_SECONDS, MOST_TOKENS
from actors.broker.client import NAMESPACE
from benchmarks.servers import Valkey
from storage.settings import Settings
from tests.integration.crew import Crew
from tests.waiting import eventually

#: What comes by the bell comes within this even on a busy machine; what waits for a look takes
#: twice as long in the median.
SOON = BLOCK_SECONDS / 4


@pytest.fixture
def crew(redis_url: str, tmp_path: Path) -> Iterator[Crew]:
    crew = Crew(Settings(home=tmp_path, redis_url=redis_url))
    yield crew
    crew.dismiss()


class TestTheBell:
    def test_an_idle_worker_runs_a_message_soon_after_it_was_sent(self, crew: Crew) -> None:
        crew.hire("w", "default")
        took = []
        for job in range(20):
            eventually(lambda: crew.listening() == 1)
            time.sleep(job % 5 * BLOCK_SECONDS / 5)  # It idles for longer and shorter.
            sent_at = crew.send("default", job)
            took.append(crew.run_of(job).at - sent_at)
        assert median(took) < SOON
        assert crew.jobs() == list(range(20))

    def test_a_message_whose_bell_was_lost_is_found_at_the_next_look(self, crew: Crew) -> None:
        crew.hire("w", "default")
        eventually(lambda: crew.listening() == 1)
        sent_at = crew.send_in_silence("default", 1)
        assert crew.run_of(1).at - sent_at < 2 * BLOCK_SECONDS

    def test_a_bell_without_a_message_does_no_harm(
        self, crew: Crew, caplog: pytest.LogCaptureFixture
    ) -> None:
        crew.hire("w", "default", "train")
        eventually(lambda: crew.listening() == 2)
        for queue in ("default", "train"):
            crew.ring_for_nothing(queue, times=5)
            eventually(lambda queue=queue: crew.tokens(queue) == 0)
        eventually(lambda: crew.listening() == 2)
        sent_at = crew.send("train", 1)
        assert crew.run_of(1).at - sent_at < BLOCK_SECONDS
        assert crew.jobs() == [1]
        assert not caplog.records

    def test_tokens_without_consumers_do_not_pile_up_and_expire(self, crew: Crew) -> None:
        for hundred in range(3):
            crew.send("default", *range(hundred * 100, hundred * 100 + 100))
            assert crew.tokens("default") == MOST_TOKENS
        assert 0 < crew.redis.ttl(crew.bells.bell("default")) <= BELL_LIFETIME_SECONDS
        assert crew.broker.depth("default") == 300
        crew.hire("w", "default")
        eventually(lambda: len(crew.begun) == 300)
        eventually(lambda: crew.tokens("default") == 0)
        assert crew.jobs() == list(range(300))

    def test_a_worker_that_is_busy_with_another_queue_passes_the_bell_on(self, crew: Crew) -> None:
        crew.hire("busy", "default", "train")
        crew.hire("idle", "train")
        took = []
        for job in (10, 20, 30, 40, 50):
            eventually(lambda: crew.listening() == 3)  # Any of the two may be first in line.
            crew.hold(job)
            crew.send("default", job)
            crew.run_of(job)
            sent_at = crew.send("train", job + 1)
            run = crew.run_of(job + 1)
            assert run.worker == "idle"
            took.append(run.at - sent_at)
            crew.release(job)
        assert median(took) < SOON

    def test_a_bell_that_only_busy_workers_heard_goes_on_ringing(self, crew: Crew) -> None:
        crew.hire("busy", "default", "train")
        eventually(lambda: crew.listening() == 2)
        crew.hold(1)
        crew.send("default", 1)
        crew.run_of(1)
        crew.send("train", 2)
        eventually(lambda: crew.tokens("train") == 1)
        assert crew.jobs() == [1]


class TestABusyWorker:
    def test_it_leaves_a_second_message_to_an_idle_one(self, crew: Crew) -> None:
        crew.hold(1)
        crew.hire("busy", "default")
        crew.send("default", 1)
        crew.run_of(1)
        crew.send("default", 2)
        time.sleep(2 * BLOCK_SECONDS)  # In which an idle one would have looked several times.
        assert crew.broker.depth("default") == 1
        crew.hire("idle", "default")
        assert crew.run_of(2).worker == "idle"
        eventually(lambda: crew.listening() == 1)
        sent_at = crew.send("default", 3)
        run = crew.run_of(3)
        assert run.worker == "idle"
        assert run.at - sent_at < SOON
        crew.release(1)
        crew.send("default", 4)
        crew.run_of(4)
        assert crew.jobs() == [1, 2, 3, 4]

    def test_it_takes_from_the_queue_of_higher_priority_next(self, crew: Crew) -> None:
        jobs = [0, *range(10, 13), *range(20, 23)]
        crew.hold(*jobs)
        crew.hire("w", "low", "high", prefer={"low": -1, "high": 5})
        crew.send("low", 0)
        crew.run_of(0)
        eventually(lambda: crew.in_line() == 2)
        crew.send("low", 10, 11, 12)
        crew.send("high", 20, 21, 22)
        assert finish_all(crew, jobs) == [0, 20, 21, 22, 10, 11, 12]

    def test_it_takes_from_queues_of_one_priority_in_turn(self, crew: Crew) -> None:
        jobs = [0, *range(10, 14), *range(20, 24)]
        crew.hold(*jobs)
        crew.hire("w", "a", "b")
        crew.send("a", 0)
        crew.run_of(0)
        eventually(lambda: crew.in_line() == 2)
        crew.send("a", 10, 11, 12, 13)
        crew.send("b", 20, 21, 22, 23)
        assert finish_all(crew, jobs) == [0, 20, 10, 21, 11, 22, 12, 23, 13]


class TestPriority:
    def test_a_queue_is_served_only_if_those_of_higher_priority_are_empty(self, crew: Crew) -> None:
        crew.send("low", 1)
        crew.send("high", 2)
        low, high = crew.consumers("low", "high", prefer={"low": -1})
        # The order of a worker whose consumer of `high` was not in line when the place was free.
        assert next(low) is None
        first = next(high)
        assert first is not None
        assert first.args == (2,)
        high.ack(first)
        second = next(low)
        assert second is not None
        assert second.args == (1,)

    def test_a_message_stays_in_its_queue_while_its_worker_is_busy(self, crew: Crew) -> None:
        crew.hire("busy", "low", "high", prefer={"low": -1})
        eventually(lambda: crew.listening() == 2)
        crew.hold(1)
        crew.send("low", 1)
        crew.run_of(1)
        fetched = crew.fetched()
        crew.send("high", 2)
        eventually(lambda: crew.in_line() == 2)  # Having heard the bell, `high` waits for its turn.
        assert crew.fetched() == fetched
        assert crew.broker.depth("high") == 1


def finish_all(crew: Crew, jobs: list[int]) -> list[int]:
    """End one job after the other, each when both consumers of the worker wait for its place."""
    for number in range(len(jobs)):
        eventually(lambda number=number: len(crew.begun) == number + 1)
        eventually(lambda: crew.in_line() == 2)
        crew.release(crew.begun[number].job_id)
    assert sorted(crew.jobs()) == sorted(jobs)
    return crew.jobs()


class TestSettling:
    def test_what_was_run_is_gone_from_redis(self, crew: Crew) -> None:
        for name in ("one", "two"):
            crew.hire(name, "default", "train")
        crew.send("default", *range(30))
        crew.send("train", *range(30, 60))
        eventually(lambda: len(crew.begun) == 60)
        eventually(lambda: not crew.unsettled())
        assert sorted(crew.jobs()) == list(range(60))

    def test_a_message_for_an_unknown_actor_is_laid_aside_and_holds_up_nothing(
        self, crew: Crew
    ) -> None:
        crew.hire("w", "default")
        crew.send_in_silence("default", 1, actor="run_job_of_long_ago")
        crew.send("default", 2)
        crew.run_of(2)
        dead = f"{NAMESPACE}:default.XQ"
        assert crew.redis.zcard(dead) == 1
        eventually(lambda: crew.unsettled() == [f"{dead}.msgs".encode()])
        assert crew.jobs() == [2]

    def test_what_a_stopping_worker_has_fetched_and_not_begun_is_run_by_another_at_once(
        self, crew: Crew
    ) -> None:
        took = []
        for job in range(3):
            leaving = crew.hire("leaving", "default")
            (thread,) = leaving.workers
            thread.pause()
            thread.paused_event.wait()
            crew.send("default", job)
            eventually(lambda: crew.broker.depth("default") == 0)
            time.sleep(BLOCK_SECONDS / 2)  # So that the two do not look at the same times.
            other = crew.hire("other", "default")
            eventually(lambda: crew.listening() == 1)
            leaving.stop()
            stopped_at = time.monotonic()
            run = crew.run_of(job)
            assert run.worker == "other"
            took.append(run.at - stopped_at)
            eventually(lambda: not crew.unsettled())
            other.stop()
        assert median(took) < SOON
        assert crew.jobs() == [0, 1, 2]


class TestABrokerThatGoesAway:
    @pytest.fixture
    def server(self) -> Iterator[Valkey]:
        with Valkey() as server:
            yield server

    @pytest.fixture
    def crew(self, server: Valkey, tmp_path: Path) -> Iterator[Crew]:
        crew = Crew(Settings(home=tmp_path, redis_url=server.url))
        yield crew
        server.start()
        crew.dismiss()

    def test_workers_say_nothing_and_go_on_when_it_is_back(
        self, crew: Crew, server: Valkey, caplog: pytest.LogCaptureFixture
    ) -> None:
        crew.hire("w", "default", "train")
        eventually(lambda: crew.listening() == 2)
        with caplog.at_level(logging.INFO):
            for outage in range(2):
                server.kill()
                time.sleep(4 * AWAY_SECONDS)  # As long as it is away.
                server.start()
                eventually(lambda: crew.listening() == 2)
                for job, queue in enumerate(("default", "train"), start=2 * outage):
                    sent_at = crew.send(queue, job)
                    assert crew.run_of(job).at - sent_at < BLOCK_SECONDS
        assert crew.jobs() == [0, 1, 2, 3]
        assert not caplog.records

    def test_an_acknowledgement_that_cannot_be_sent_frees_the_worker(
        self, crew: Crew, server: Valkey, caplog: pytest.LogCaptureFixture
    ) -> None:
        crew.hold(1)
        crew.hire("w", "default")
        crew.send("default", 1)
        crew.run_of(1)
        server.kill()
        with caplog.at_level(logging.DEBUG):
            crew.release(1)
            eventually(lambda: "Acknowledging message" in caplog.text)
        assert {record.levelno for record in caplog.records} == {logging.DEBUG}
        server.start()
        crew.send("default", 2)
        crew.run_of(2)
        eventually(lambda: not crew.unsettled())
        assert crew.jobs() == [1, 2]
