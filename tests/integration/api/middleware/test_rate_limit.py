"""The rate limit: over a real server and Valkey, with a clock that the test sets."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from fastapi import APIRouter, FastAPI

from actors.broker.valkey import EmbeddedValkey
from api.middleware.rate_limit import ANSWER_SECONDS, client_of
from api.middleware.stack import add_middleware
from storage.settings import Settings
from tests.integration.api.served import serving
from tests.waiting import eventually


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One database: what is tested here does not depend on it."""
    return Settings(home=tmp_path)


#: A minute begins here.
START = 1_800_000_000.0


class Clock:
    """A clock that moves only when it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def app_of(settings: Settings, clock: Clock | None) -> FastAPI:
    app = FastAPI()
    add_middleware(app, settings, clock)
    router = APIRouter(prefix="/api/gan")

    @router.get("/machines/{machine_id}")
    @router.post("/machines/{machine_id}")
    @router.get("/machines")
    async def answer() -> None: ...

    app.include_router(router)

    @app.get("/health")
    @app.get("/livez")
    @app.get("/readyz")
    @app.get("/metrics")
    @app.get("/api/events")
    async def healthy() -> dict[str, Any]:
        return {"limiter": app.state.limiter.available}

    return app


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def client_with(settings: Settings, clock: Clock | None) -> Iterator[httpx.Client]:
    with ExitStack() as stack:
        address = stack.enter_context(serving(app_of(settings, clock)))
        yield stack.enter_context(httpx.Client(base_url=f"http://{address}", verify=False))


@pytest.fixture
def client(redis_url: str, clock: Clock) -> Iterator[httpx.Client]:
    with client_with(Settings(redis_url=redis_url), clock) as client:
        yield client


def statuses(client: httpx.Client, path: str, count: int) -> list[int]:
    return [client.get(path).status_code for _ in range(count)]


class TestLimit:
    def test_a_hundred_requests_pass_and_the_next_does_not(self, client: httpx.Client) -> None:
        answers = [client.get("/api/gan/machines/a") for _ in range(101)]
        assert [answer.status_code for answer in answers] == [200] * 100 + [429]
        assert [answer.headers["RateLimit-Remaining"] for answer in answers[:100]] == [
            str(left) for left in range(99, -1, -1)
        ]
        assert {answer.headers["RateLimit-Limit"] for answer in answers} == {"100"}
        assert {answer.headers["RateLimit-Policy"] for answer in answers} == {"100;w=60"}
        assert [answers[n].headers["RateLimit-Reset"] for n in (0, 98, 99)] == ["60", "60", "61"]

    def test_a_refusal_is_a_problem_document_that_says_when_to_try_again(
        self, client: httpx.Client, clock: Clock
    ) -> None:
        statuses(client, "/api/gan/machines/a", 100)
        clock.now += 20
        refused = client.get("/api/gan/machines/a")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"] == "41"
        assert refused.headers["RateLimit-Remaining"] == "0"
        assert refused.json() == {
            "type": "about:blank",
            "title": "Too Many Requests",
            "status": 429,
            "detail": "more than 100 requests a minute to GET /api/gan/machines/{machine_id}; "
            "try again in 41 s",
            "errors": [],
        }
        clock.now += 40
        assert client.get("/api/gan/machines/a").status_code == 429
        clock.now += 1
        assert client.get("/api/gan/machines/a").status_code == 200

    def test_the_last_minute_fades_over_the_next(self, client: httpx.Client, clock: Clock) -> None:
        clock.now += 59.999
        assert statuses(client, "/api/gan/machines", 101).count(200) == 100
        for elapsed, passing in ((0.0, 0), (0.599, 0), (0.6, 1), (30.0, 49), (59.999, 49)):
            clock.now = START + 60 + elapsed
            assert statuses(client, "/api/gan/machines", 60).count(200) == passing
        clock.now = START + 180
        assert statuses(client, "/api/gan/machines", 101).count(200) == 100

    def test_of_two_hundred_at_once_exactly_a_hundred_pass(self, client: httpx.Client) -> None:
        async def all_at_once() -> list[httpx.Response]:
            async with httpx.AsyncClient(base_url=client.base_url, timeout=60) as many:
                paths = (f"/api/gan/machines/{number}" for number in range(200))
                return await asyncio.gather(*map(many.get, paths))

        answers = asyncio.run(all_at_once())
        assert Counter(answer.status_code for answer in answers) == {200: 100, 429: 100}
        left = [answer.headers["RateLimit-Remaining"] for answer in answers if answer.is_success]
        assert sorted(map(int, left)) == list(range(100))

    def test_refused_requests_are_not_counted(self, client: httpx.Client, clock: Clock) -> None:
        statuses(client, "/api/gan/machines", 150)
        clock.now += 61
        assert client.get("/api/gan/machines").status_code == 200


class TestWhatCountsTogether:
    def test_each_route_and_method_is_an_endpoint_whatever_its_ids(
        self, client: httpx.Client
    ) -> None:
        for number in range(100):
            client.get(f"/api/gan/machines/pump_{number}")
        assert client.get("/api/gan/machines/another?x=1").status_code == 429
        assert client.get("/api/gan/machines").headers["RateLimit-Remaining"] == "99"
        assert client.post("/api/gan/machines/a").headers["RateLimit-Remaining"] == "99"

    def test_paths_and_methods_without_a_route_count_as_one(
        self, client: httpx.Client, redis_url: str
    ) -> None:
        for number in range(50):
            assert client.get(f"/api/gan/{number}").status_code == 404
            assert client.request(f"M{number}", "/api/gan/machines").status_code in (400, 405)
            assert client.put("/api/gan/machines").status_code in (405, 429)
        assert client.delete("/api/gan/x/y").status_code == 429
        with redis.Redis.from_url(redis_url, db=3) as stored:
            assert len(stored.keys()) == 1

    @pytest.mark.parametrize("path", ["/health", "/livez", "/readyz", "/metrics", "/api/events"])
    def test_paths_outside_the_prefix_are_not_limited(
        self, client: httpx.Client, path: str
    ) -> None:
        answers = [client.get(path) for _ in range(120)]
        assert {answer.status_code for answer in answers} == {200}
        assert not any("ratelimit" in name for answer in answers for name in answer.headers)

    def test_counters_are_in_database_3_and_end_by_themselves(
        self, client: httpx.Client, redis_url: str
    ) -> None:
        statuses(client, "/api/gan/machines/a", 3)
        key = f"ratelimit:GET /api/gan/machines/{{machine_id}}:127.0.0.1:{int(START) // 60}"
        with redis.Redis.from_url(redis_url, db=3) as stored:
            assert stored.keys() == [key.encode()]
            assert stored.get(key) == b"3"
            assert 110 < stored.ttl(key) <= 120

    def test_services_that_share_a_redis_count_together(
        self, client: httpx.Client, redis_url: str, clock: Clock
    ) -> None:
        with client_with(Settings(redis_url=redis_url), clock) as other:
            statuses(client, "/api/gan/machines", 60)
            assert statuses(other, "/api/gan/machines", 41) == [200] * 40 + [429]

    def test_services_on_hosts_with_other_clocks_count_together(
        self, redis_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = Settings(redis_url=redis_url)
        with client_with(settings, None) as one, client_with(settings, None) as other:
            first = statuses(one, "/api/gan/machines", 60)
            ahead = time.time() + 120
            monkeypatch.setattr(time, "time", lambda: ahead)
            later = statuses(other, "/api/gan/machines", 60)
        # A minute of the broker may have ended in between, so the first requests may fade a little.
        assert first == [200] * 60
        assert later.count(200) < 60


class TestSetting:
    def test_the_limit_can_be_set(self, redis_url: str, clock: Clock) -> None:
        with client_with(Settings(redis_url=redis_url, rate_limit=2), clock) as client:
            assert statuses(client, "/api/gan/machines", 3) == [200, 200, 429]

    def test_zero_means_no_limit(self, redis_url: str, clock: Clock) -> None:
        with client_with(Settings(redis_url=redis_url, rate_limit=0), clock) as client:
            answers = [client.get("/api/gan/machines") for _ in range(120)]
        assert {answer.status_code for answer in answers} == {200}
        assert not any("ratelimit" in name for answer in answers for name in answer.headers)


class TestRedisAway:
    def test_requests_pass_and_say_that_they_are_not_counted(
        self, tmp_path: Path, clock: Clock
    ) -> None:
        with client_with(Settings(home=tmp_path, rate_limit=1), clock) as client:
            answers = [client.get("/api/gan/machines") for _ in range(5)]
            assert {answer.status_code for answer in answers} == {200}
            assert {answer.headers["RateLimit-Unavailable"] for answer in answers} == {"true"}
            assert "RateLimit-Limit" not in answers[0].headers
            assert client.get("/health").json() == {"limiter": False}

    def test_counting_resumes_when_redis_is_back(
        self, tmp_path_factory: pytest.TempPathFactory, clock: Clock
    ) -> None:
        server = EmbeddedValkey(tmp_path_factory.mktemp("h"))
        server.ensure()
        settings = Settings(redis_url=server.url, rate_limit=1000)
        with client_with(settings, clock) as client:
            assert client.get("/api/gan/machines").headers["RateLimit-Remaining"] == "999"
            server.kill()
            assert "RateLimit-Unavailable" in client.get("/api/gan/machines").headers
            server.ensure()
            back = eventually(
                lambda: client.get("/api/gan/machines").headers.get("RateLimit-Remaining"), 10
            )
            assert back == "999"
            assert client.get("/health").json() == {"limiter": True}
        server.stop()

    def test_a_restart_between_two_requests_is_not_noticed(
        self, tmp_path_factory: pytest.TempPathFactory, clock: Clock
    ) -> None:
        server = EmbeddedValkey(tmp_path_factory.mktemp("h"))
        server.ensure()
        with client_with(Settings(redis_url=server.url), clock) as client:
            client.get("/api/gan/machines")
            server.kill()
            server.ensure()
            assert client.get("/api/gan/machines").headers["RateLimit-Remaining"] == "99"
        server.stop()

    def test_a_hanging_redis_delays_one_request_and_not_each(
        self, tmp_path_factory: pytest.TempPathFactory, clock: Clock
    ) -> None:
        server = EmbeddedValkey(tmp_path_factory.mktemp("h"))
        server.ensure()
        with redis.Redis.from_url(server.url) as asking:
            pid = int(asking.info("server")["process_id"])
        with client_with(Settings(redis_url=server.url), clock) as client:
            client.get("/api/gan/machines")
            os.kill(pid, signal.SIGSTOP)
            try:
                began = time.monotonic()
                answers = [client.get("/api/gan/machines") for _ in range(50)]
                took = time.monotonic() - began
            finally:
                os.kill(pid, signal.SIGCONT)
        server.stop()
        assert all(answer.headers["RateLimit-Unavailable"] for answer in answers)
        assert took < 50 * ANSWER_SECONDS / 4


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix-socket", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_client_is_an_address_or_an_ipv6_network(address: str, counted: str) -> None:
    assert client_of({"client": (address, 1)}) == counted
    assert client_of({"client": None}) == "unknown"
