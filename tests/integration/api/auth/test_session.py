"""Sessions of web pages: a real server and real cookies."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from api.live import sockets
from storage.clients import sessions, tokens
from storage.settings import Settings
from tests.integration.following import following
from tests.integration.serving import Http, serving
from tests.waiting import eventually

SESSION = "/api/session"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One database: what is tested here does not depend on it."""
    return Settings(home=tmp_path)


def log_in(http: Http, name: str = "dashboard", scope: str = "read") -> httpx.Response:
    """Log in as a page does: its browser keeps the cookie."""
    written = tokens.create(name, scope).written
    answer = http.post(SESSION, json={"token": written})
    assert answer.status_code == 201, answer.text
    return answer


def cookie_of(http: Http) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in http.cookies.items())}


class TestLogin:
    def test_before_the_first_token_this_machine_needs_none(self, http: Http) -> None:
        assert http.get(SESSION).json() == {
            "name": "anyone",
            "scope": "admin",
            "open": True,
            "expires_at": None,
        }

    def test_a_token_becomes_a_cookie_that_scripts_cannot_read(self, http: Http) -> None:
        answer = log_in(http)
        said = answer.json()
        assert (said["name"], said["scope"], said["open"]) == ("dashboard", "read", False)
        assert answer.headers["cache-control"] == "no-store"
        cookie = SimpleCookie(answer.headers["set-cookie"])[f"fleetforge-{http.base_url.port}"]
        assert cookie["httponly"]
        assert not cookie["secure"]
        assert (cookie["samesite"], cookie["path"]) == ("strict", "/")
        assert cookie["max-age"] == "604800"
        assert http.get(SESSION).json() == said
        assert http.get("/api/gan/machines").status_code == 200

    def test_services_on_two_ports_of_a_host_do_not_log_each_other_out(self, http: Http) -> None:
        log_in(http)
        other = {"Host": "localhost:9"}
        assert http.get(SESSION, headers=other).status_code == 401
        token = tokens.create("other", "read").written
        assert http.post(SESSION, json={"token": token}, headers=other).json()["name"] == "other"
        assert http.get(SESSION).json()["name"] == "dashboard"

    @pytest.mark.parametrize("host", ["localhost", "[::1]"])
    def test_a_host_without_a_port_has_that_of_http(self, http: Http, host: str) -> None:
        written = tokens.create("dashboard", "read").written
        answer = http.post(SESSION, json={"token": written}, headers={"Host": host})
        assert answer.headers["set-cookie"].startswith("fleetforge-80=")

    def test_over_https_the_cookie_is_for_this_host_alone_and_encrypted(
        self, ledger: Settings, redis_url: str
    ) -> None:
        proxied = ledger.model_copy(
            update={"trusted_proxies": ("127.0.0.1",), "redis_url": SecretStr(redis_url)}
        )
        written = tokens.create("dashboard", "read").written
        with serving(proxied) as http:
            https = {"X-Forwarded-Proto": "https"}
            answer = http.post(SESSION, json={"token": written}, headers=https)
            ((name, cookie),) = SimpleCookie(answer.headers["set-cookie"]).items()
            assert name == "__Host-fleetforge"
            assert cookie["secure"]
            sent = {"Cookie": f"{name}={cookie.value}"}
            assert http.get(SESSION, headers=https | sent).status_code == 200
            assert http.get(SESSION, headers=sent).status_code == 401

    def test_a_session_may_do_what_its_token_may(self, http: Http) -> None:
        log_in(http, scope="read")
        refused = http.post("/api/gan/machines/pump_1/seed")
        assert refused.status_code == 403
        assert "scope write" in refused.json()["detail"]

    def test_a_header_with_a_token_counts_and_not_the_cookie(self, http: Http) -> None:
        log_in(http, "reader", "read")
        admin = {"Authorization": f"Bearer {tokens.create('boss', 'admin').written}"}
        assert http.get(SESSION, headers=admin).json()["name"] == "boss"
        wrong = {"Authorization": "Bearer ff_nothing"}
        assert http.get(SESSION, headers=wrong).status_code == 401

    def test_a_code_logs_in_once(self, http: Http) -> None:
        token = tokens.create("boss", "admin").token
        code = sessions.new_code(token)
        assert http.post(SESSION, json={"code": code}).json()["name"] == "boss"
        again = http.post(SESSION, json={"code": code})
        assert again.status_code == 401
        assert "fleetforge open" in again.json()["detail"]

    @pytest.mark.parametrize("token", ["", "nonsense", f"ff_{'0' * 12}_{'x' * 43}"])
    def test_a_wrong_token_is_refused_and_no_cookie_is_set(self, http: Http, token: str) -> None:
        tokens.create("boss", "admin")
        answer = http.post(SESSION, json={"token": token})
        assert answer.status_code == 401
        assert "wrong, expired or revoked" in answer.json()["detail"]
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize("body", [{}, {"token": "x", "code": "y"}, {"name": "x"}, {"token": 1}])
    def test_a_body_that_is_no_login_is_refused(self, http: Http, body: dict[str, object]) -> None:
        answer = http.post(SESSION, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"]

    def test_a_form_cannot_log_in(self, http: Http) -> None:
        assert http.post(SESSION, data={"token": "x"}).status_code == 415

    def test_tokens_can_be_tried_ten_times_a_minute(self, http: Http) -> None:
        answers = [http.post(SESSION, json={"token": "x"}) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
        assert answers[-1].headers["ratelimit-limit"] == "10"
        assert http.get(SESSION).status_code == 200


class TestEnd:
    def test_who_logs_out_is_out_and_the_browser_forgets_the_cookie(self, http: Http) -> None:
        log_in(http)
        cookie = cookie_of(http)
        assert http.delete(SESSION).status_code == 204
        assert not http.cookies
        refused = http.get(SESSION, headers=cookie)
        assert refused.status_code == 401
        assert "log in again" in refused.json()["detail"]
        assert http.delete(SESSION).status_code == 204

    def test_it_ends_with_its_token_within_two_seconds(self, http: Http) -> None:
        log_in(http)
        assert http.get(SESSION).status_code == 200
        tokens.revoke("dashboard")
        eventually(lambda: http.get(SESSION).status_code == 401, seconds=2)

    def test_a_use_is_recorded(self, http: Http) -> None:
        log_in(http)
        http.get(SESSION)
        eventually(lambda: tokens.tokens()[0].last_used_at)


class TestOtherPages:
    @pytest.fixture
    def page(self, http: Http) -> Iterator[Http]:
        log_in(http, scope="admin")
        return http

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
    def test_a_request_that_another_page_makes_is_refused(self, page: Http, site: str) -> None:
        for method, path in (
            ("GET", "/api/gan/machines"),
            ("POST", "/api/gan/machines/pump_1/seed"),
            ("DELETE", SESSION),
        ):
            answer = page.request(method, path, headers={"Sec-Fetch-Site": site})
            assert answer.status_code == 403, (method, path)
        assert page.get(SESSION).status_code == 200

    @pytest.mark.parametrize("site", ["same-origin", "none"])
    def test_a_request_of_the_own_page_passes(self, page: Http, site: str) -> None:
        headers = {"Sec-Fetch-Site": site, "Origin": str(page.base_url)}
        assert page.get(SESSION, headers=headers).status_code == 200
        assert page.delete(SESSION, headers=headers).status_code == 204

    def test_a_page_that_may_call_the_service_may_not_use_a_session(
        self, ledger: Settings, redis_url: str
    ) -> None:
        friend = "https://grafana.plant"
        update = {"web_origins": (friend,), "redis_url": SecretStr(redis_url)}
        with serving(ledger.model_copy(update=update)) as http:
            log_in(http)
            answer = http.get(SESSION, headers={"Origin": friend})
            assert answer.status_code == 403
            assert "access-control-allow-credentials" not in answer.headers

    def test_the_log_has_no_secret(self, page: Http, caplog: pytest.LogCaptureFixture) -> None:
        page.get(SESSION)
        assert page.cookies[f"fleetforge-{page.base_url.port}"] not in caplog.text


class TestSocket:
    def test_the_cookie_opens_it(self, http: Http) -> None:
        log_in(http)
        origin = Origin(str(http.base_url).rstrip("/"))
        cookie = cookie_of(http)
        for path in ("/ws/fleet", "/ws/fleet?v=2"):
            with following(http, path, additional_headers=cookie, origin=origin) as follower:
                assert follower.next()["type"] == "synced"

    def test_another_page_gets_none(self, http: Http) -> None:
        log_in(http)
        url = f"ws://{http.base_url.netloc.decode()}/ws/fleet"
        with pytest.raises(InvalidStatus) as refused:
            connect(url, additional_headers=cookie_of(http), origin=Origin("https://evil.example"))
        assert refused.value.response.status_code == 403
        headers = cookie_of(http) | {"Sec-Fetch-Site": "same-site"}
        with (
            connect(url, additional_headers=headers) as socket,
            pytest.raises(ConnectionClosed) as end,
        ):
            socket.recv()
        assert end.value.rcvd is not None
        assert end.value.rcvd.code == 4403

    def test_it_is_closed_when_the_session_ends(
        self, http: Http, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sockets, "PING_SECONDS", 0.1)
        log_in(http)
        with following(http, "/ws/fleet?v=2", additional_headers=cookie_of(http)) as follower:
            assert follower.next()["type"] == "synced"
            http.delete(SESSION)
            code, reason = follower.close_code()
        assert (code, reason) == (4401, "this session has ended; log in again")
