"""The middleware stack over a real server: hosts, origins, proxies, headers, bodies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Body, FastAPI, Request
from fastapi.responses import HTMLResponse

from api.middleware.body_limit import MAX_BODY_BYTES
from api.middleware.security_headers import API_CSP, DOCS_CSP, PAGE_CSP
from api.middleware.stack import add_middleware
from storage.settings import Settings
from tests.integration.api.served import serving


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One database: what is tested here does not depend on it."""
    return Settings(home=tmp_path)


def app_of(settings: Settings) -> FastAPI:
    app = FastAPI()
    add_middleware(app, settings)

    @app.get("/client")
    async def client(request: Request) -> list[str]:
        assert request.client is not None
        return [request.client.host, request.url.scheme]

    @app.post("/length")
    async def length(content: Any = Body()) -> int:  # noqa: B008
        return len(content)

    @app.post("/unread")
    async def unread() -> None: ...

    @app.post("/streamed")
    async def streamed(request: Request) -> int:
        return sum([len(part) async for part in request.stream()])

    @app.delete("/unread")
    async def delete() -> None: ...

    @app.get("/report.html", response_class=HTMLResponse)
    async def report() -> str:
        return "<script>1</script>"

    @app.get("/kept")
    async def kept() -> HTMLResponse:
        headers = {"Cache-Control": "private", "Content-Security-Policy": "default-src *"}
        return HTMLResponse("", headers=headers)

    return app


@contextmanager
def client_with(home: Path, **settings: Any) -> Iterator[httpx.Client]:
    with ExitStack() as stack:
        address = stack.enter_context(serving(app_of(Settings(home=home, **settings))))
        yield stack.enter_context(
            httpx.Client(base_url=f"http://{address}", timeout=30, verify=False)
        )


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with client_with(tmp_path) as client:
        yield client


class TestProxies:
    def test_a_client_that_is_not_a_proxy_cannot_choose_its_address(
        self, client: httpx.Client
    ) -> None:
        headers = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
        assert client.get("/client", headers=headers).json() == ["127.0.0.1", "http"]

    @pytest.mark.parametrize(
        ("forwarded", "counts"),
        [
            (["192.0.2.1"], "192.0.2.1"),
            (["192.0.2.1, 198.51.100.9"], "198.51.100.9"),
            (["192.0.2.1", "198.51.100.9"], "198.51.100.9"),
            (["192.0.2.1, 198.51.100.9, 10.1.2.3, 127.0.0.1"], "198.51.100.9"),
            (["127.0.0.1, 10.0.0.1, 198.51.100.9"], "198.51.100.9"),
            (["192.0.2.1, ::ffff:10.1.2.3"], "192.0.2.1"),
            (["198.51.100.9:4711"], "198.51.100.9"),
            (["[2001:db8::7]:4711"], "2001:db8::7"),
            (["10.1.2.3, 10.1.2.4"], "10.1.2.3"),
            ([""], "127.0.0.1"),
            (["192.0.2.1,"], "127.0.0.1"),
        ],
    )
    def test_the_rightmost_address_that_is_no_trusted_proxy_counts(
        self, tmp_path: Path, forwarded: list[str], counts: str
    ) -> None:
        with client_with(tmp_path, trusted_proxies="127.0.0.1, 10.0.0.0/8") as client:
            headers = [("X-Forwarded-For", value) for value in forwarded]
            assert client.get("/client", headers=headers).json()[0] == counts

    def test_a_proxy_says_which_scheme_was_used(self, tmp_path: Path) -> None:
        with client_with(tmp_path, trusted_proxies="127.0.0.1") as client:
            headers = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
            assert client.get("/client", headers=headers).json() == ["192.0.2.1", "https"]

    def test_clients_behind_a_proxy_are_limited_one_by_one(
        self, tmp_path: Path, redis_url: str
    ) -> None:
        with client_with(
            tmp_path, trusted_proxies="127.0.0.1", redis_url=redis_url, rate_limit=2
        ) as client:

            def status(forwarded: str) -> int:
                headers = {"X-Forwarded-For": forwarded}
                return client.get("/api/gan/x", headers=headers).status_code

            assert [status("192.0.2.1") for _ in range(3)] == [404, 404, 429]
            assert status("192.0.2.2") == 404
            # What a client has put before is not what the proxy saw.
            assert status("192.0.2.9, 192.0.2.1") == 429


class TestHost:
    @pytest.mark.parametrize(
        "host", ["localhost", "localhost:1", "LOCALHOST", "127.0.0.1", "127.9.9.9:80", "[::1]:80"]
    )
    def test_a_loopback_name_is_accepted(self, client: httpx.Client, host: str) -> None:
        assert client.get("/client", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            *("evil.example", "evil.example:80", "localhost.evil.example", "x@localhost", ""),
            *("localhost:80:80", "localhost/", "[localhost]", "192.0.2.1", "0.0.0.0", "[::]"),
        ],
    )
    def test_another_name_is_refused_on_loopback(self, client: httpx.Client, host: str) -> None:
        answer = client.get("/client", headers={"Host": host})
        assert answer.status_code == 421
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "FLEETFORGE_ALLOWED_HOSTS" in answer.json()["detail"]

    def test_a_name_from_the_settings_is_accepted(self, tmp_path: Path) -> None:
        with client_with(tmp_path, allowed_hosts="fleet.example,10.0.0.7") as client:
            for host in ("Fleet.example", "fleet.example:8443", "10.0.0.7", "localhost"):
                assert client.get("/client", headers={"Host": host}).status_code == 200
            assert client.get("/client", headers={"Host": "x.fleet.example"}).status_code == 421


class TestOrigin:
    def test_pages_of_other_origins_cannot_change_anything(self, client: httpx.Client) -> None:
        own = str(client.base_url).rstrip("/")
        for method in ("POST", "DELETE"):
            for origin, status in ((own, 200), ("http://evil.example", 403), ("null", 403)):
                answer = client.request(method, "/unread", headers={"Origin": origin})
                assert answer.status_code == status
        assert client.post("/unread").status_code == 200

    def test_pages_of_other_origins_can_read_only_if_a_setting_allows_it(
        self, client: httpx.Client, tmp_path: Path
    ) -> None:
        origin = "https://fleet.example"
        answer = client.get("/client", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
        with client_with(tmp_path, web_origins=origin) as open_to:
            answer = open_to.get("/client", headers={"Origin": origin})
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert open_to.post("/unread", headers={"Origin": origin}).status_code == 200
            other = {"Origin": "https://evil.example"}
            assert (
                "Access-Control-Allow-Origin" not in open_to.get("/client", headers=other).headers
            )
            asked = {
                "Origin": origin,
                "Access-Control-Request-Method": "DELETE",
                "Access-Control-Request-Headers": "authorization,idempotency-key,if-none-match,"
                "range,x-request-id,x-correlation-id",
            }
            preflight = open_to.options("/unread", headers=asked)
            assert preflight.status_code == 200
            assert "DELETE" in preflight.headers["Access-Control-Allow-Methods"]
            assert open_to.options("/unread", headers=asked | other).status_code == 400

    def test_a_page_can_read_refusals_and_the_rate_limit(
        self, tmp_path: Path, redis_url: str
    ) -> None:
        origin = {"Origin": "https://fleet.example"}
        with client_with(
            tmp_path, web_origins=origin["Origin"], redis_url=redis_url, rate_limit=1
        ) as client:
            client.get("/api/gan/x", headers=origin)
            refused = client.get("/api/gan/x", headers=origin)
        assert refused.status_code == 429
        assert refused.headers["Access-Control-Allow-Origin"] == origin["Origin"]
        exposed = refused.headers["Access-Control-Expose-Headers"].lower().split(", ")
        assert {name for name in refused.headers if name.startswith("ratelimit-")} <= set(exposed)
        assert {
            *("x-request-id", "x-correlation-id", "idempotency-replayed", "www-authenticate"),
            *("ratelimit-unavailable", "accept-ranges", "etag", "location", "retry-after"),
        } <= set(exposed)


class TestHeaders:
    @pytest.mark.parametrize(
        ("path", "csp"),
        [
            ("/client", API_CSP),
            ("/nowhere", API_CSP),
            ("/openapi.json", API_CSP),
            ("/report.html", PAGE_CSP),
            ("/docs", DOCS_CSP),
        ],
    )
    def test_every_answer_has_the_security_headers(
        self, client: httpx.Client, path: str, csp: str
    ) -> None:
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"] == csp
        assert "frame-ancestors 'none'" in csp
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"

    def test_a_report_runs_no_script_and_has_no_origin(self) -> None:
        allowed = dict(part.split(" ", 1) for part in PAGE_CSP.split("; ") if " " in part)
        assert "script-src" not in allowed
        assert allowed["default-src"] == "'none'"
        assert "sandbox" in PAGE_CSP.split("; ")

    def test_refusals_have_the_security_headers(self, client: httpx.Client) -> None:
        for answer in (
            client.get("/client", headers={"Host": "evil.example"}),
            client.post("/unread", content=b"x" * (MAX_BODY_BYTES + 1)),
        ):
            assert answer.status_code in (413, 421)
            assert answer.headers["Content-Security-Policy"] == API_CSP

    def test_a_route_may_set_other_headers(self, client: httpx.Client) -> None:
        headers = client.get("/kept").headers
        assert headers["Cache-Control"] == "private"
        assert headers["Content-Security-Policy"] == "default-src *"
