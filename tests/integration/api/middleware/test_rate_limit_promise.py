"""What a sliding-window counter promises, asked of the real script in a real Valkey."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from fractions import Fraction

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from actors.broker.valkey import EmbeddedValkey
from api.middleware.rate_limit import Limiter
from api.middleware.sliding_window import Count
from storage.settings import Settings
from tests.integration.api.middleware.test_rate_limit import START, Clock

MINUTE_MS = 60_000


class Line:
    """A limiter that is asked from outside of any event loop."""

    def __init__(self, redis_url: str, limit: int) -> None:
        self.clock = Clock()
        self._runner = asyncio.Runner()
        self._limiter = Limiter(Settings(redis_url=redis_url, rate_limit=limit), self.clock)
        self._clients = itertools.count()

    def newcomer(self) -> str:
        return str(next(self._clients))

    def ask(self, client: str, at_ms: int) -> Count:
        self.clock.now = START + at_ms / 1000
        count = self._runner.run(self._limiter.count("GET /", client))
        assert count is not None
        return count

    def crowd(self, client: str, size: int) -> list[Count | None]:
        """The counts of so many requests at once."""

        async def ask() -> list[Count | None]:
            every = (self._limiter.count("GET /", client) for _ in range(size))
            return await asyncio.gather(*every)

        return self._runner.run(ask())

    def close(self) -> None:
        self._runner.run(self._limiter.close())
        self._runner.close()


LIMIT = 6
#: Five minutes of requests, each at some eighth of a second.
TIMES = st.lists(st.integers(0, 5 * MINUTE_MS // 125).map(lambda n: n * 125), max_size=60)


@pytest.fixture(scope="module")
def line(valkey: EmbeddedValkey) -> Iterator[Line]:
    valkey.ensure()
    line = Line(valkey.url, LIMIT)
    yield line
    line.close()


class TestPromise:
    @given(times=TIMES)
    def test_a_request_passes_exactly_when_the_weighted_minutes_leave_room(
        self, line: Line, times: list[int]
    ) -> None:
        client = line.newcomer()
        passed: list[int] = []
        for now in sorted(times):
            begin = now - now % MINUTE_MS
            current = sum(begin <= at for at in passed)
            last = sum(begin - MINUTE_MS <= at < begin for at in passed)
            weighted = current + last * Fraction(begin + MINUTE_MS - now, MINUTE_MS)
            count = line.ask(client, now)
            assert count.allowed == (weighted + 1 <= LIMIT)
            if count.allowed:
                passed.append(now)
            assert count.remaining == max(0, int(LIMIT - weighted - count.allowed))

    @given(times=TIMES)
    def test_no_sixty_seconds_let_twice_the_limit_through(
        self, line: Line, times: list[int]
    ) -> None:
        client = line.newcomer()
        passed = [now for now in sorted(times) if line.ask(client, now).allowed]
        for begin in passed:
            in_window = sum(begin <= at < begin + MINUTE_MS for at in passed)
            last_minute = sum(at // MINUTE_MS == begin // MINUTE_MS for at in passed)
            # What the counter takes to have come evenly may all have come at the end.
            assert in_window <= LIMIT + last_minute * Fraction(begin % MINUTE_MS, MINUTE_MS)

    @pytest.mark.parametrize("every_ms", [50, 1_000, 7_000, 10_000])
    def test_of_requests_that_come_evenly_no_sixty_seconds_let_more_than_the_limit_through(
        self, line: Line, every_ms: int
    ) -> None:
        client = line.newcomer()
        evenly = range(0, 3 * MINUTE_MS, every_ms)
        passed = [now for now in evenly if line.ask(client, now).allowed]
        most = max(sum(begin <= at < begin + MINUTE_MS for at in passed) for begin in passed)
        assert most == LIMIT

    def test_requests_that_wait_for_a_connection_are_counted(
        self, line: Line, valkey: EmbeddedValkey
    ) -> None:
        counts = line.crowd(line.newcomer(), 1000)
        with redis.Redis.from_url(valkey.url) as client:
            assert client.info("clients")["connected_clients"] < 500
        assert None not in counts
        assert sum(count.allowed for count in counts if count is not None) == LIMIT

    @given(times=TIMES, later=st.integers(0, 2 * MINUTE_MS))
    def test_a_client_that_waits_as_long_as_the_header_says_passes_and_not_a_second_sooner(
        self, line: Line, times: list[int], later: int
    ) -> None:
        client = line.newcomer()
        for now in sorted(times):
            line.ask(client, now)
        now = max(times, default=0) + later
        refused = line.ask(client, now)
        while refused.allowed:
            refused = line.ask(client, now)
        wait_ms = refused.reset_seconds * 1000
        assert not line.ask(client, now + wait_ms - 1000).allowed
        assert line.ask(client, now + wait_ms).allowed
