"""What cannot be answered is a problem document that says what to write."""

from __future__ import annotations

import pytest

from storage.clients import tokens
from storage.queries import events
from tests.integration.serving import Http
from tests.waiting import eventually

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/nowhere", 404, "no such route; see /docs"),
        ("GET", "/api/gan/machines/", 404, "no such route; see /docs"),
        ("PUT", "/api/gan/machines", 405, "PUT is not allowed here; use GET, POST"),
        ("PATCH", "/api/gan/machines/x", 405, "PATCH is not allowed here; use DELETE, GET"),
        ("POST", "/api/gan/machines/x/report", 405, "POST is not allowed here; use GET, HEAD"),
        ("GET", "/api/gan/templates/submarine", 404, None),
        ("GET", "/api/gan/templates/..%2fpump", 404, None),
        ("GET", "/api/gan/templates/pump/download?format=toml", 422, None),
    ],
)
def test_what_does_not_exist_is_answered_with_a_problem_document(
    http: Http, method: str, path: str, status: int, detail: str | None
) -> None:
    answer = http.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert detail is None or answer.json()["detail"] == detail
    if status == 405:
        assert answer.headers["allow"] in detail  # type: ignore[operator]


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_an_unsupported_body_type_is_answered_with_the_supported_one(
    http: Http, media_type: str
) -> None:
    http.create(start=False)
    headers = {"Content-Type": media_type}
    for stage in ("seed", "train", "generate"):
        path = f"/api/gan/machines/pump_1/{stage}"
        answer = http.post(path, content=b'{"epochs": 3}', headers=headers)
        assert answer.status_code == 415
        assert "write Content-Type: application/json" in answer.json()["detail"]
    assert events.events() == []


def test_without_a_token_the_body_is_not_looked_at(http: Http) -> None:
    tokens.create("boss", "admin")
    eventually(lambda: http.get("/api/gan/machines").status_code == 401)
    for path in ("machines/pump_1/train", "machines", "profiles/validate"):
        for media_type in ("application/json", "text/plain"):
            answer = http.post(
                f"/api/gan/{path}", content=b"{", headers={"Content-Type": media_type}
            )
            assert answer.status_code == 401, (path, media_type)


@pytest.mark.parametrize(
    ("body", "media_type", "message"),
    [
        (b"{", "application/json", "not JSON"),
        (b'{"epochs": 1e400}', "application/json", ""),
        (b'{"\\ud800": 1}', "application/json", ""),
        (b"\xff", "application/json", ""),
        (b"[" * 100_000, "application/json", ""),
        (b"null", "application/json", ""),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_document(
    http: Http, body: bytes, media_type: str, message: str
) -> None:
    http.create(start=False)
    path, headers = "/api/gan/machines/pump_1/train", {"Content-Type": media_type}
    answer = http.post(path, content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert message in answer.text
    assert events.events() == []
