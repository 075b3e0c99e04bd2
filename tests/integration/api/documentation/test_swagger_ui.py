"""The page of the API and the files that it loads."""

from __future__ import annotations

import re

import httpx
import pytest

from api.middleware.security_headers import DOCS_CSP
from api.pages import WEB
from tests.integration.serving import Http

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


def loaded_by(page: httpx.Response) -> list[str]:
    """Addresses of the files that the documentation page loads."""
    found: list[str] = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    return found


def test_the_documentation_is_http_whole_without_the_internet(http: Http) -> None:
    page = http.get("/docs")
    assert page.headers["Content-Security-Policy"] == DOCS_CSP
    assert "http" not in DOCS_CSP
    assert "http" not in page.text
    loaded = loaded_by(page)
    assert all(each.startswith("/docs/") for each in loaded)
    kinds = {http.get(each).headers["content-type"].partition(";")[0] for each in loaded}
    script = {"application/javascript", "text/javascript"}
    assert kinds - script == {"text/css", "image/png"}
    assert kinds & script
    style = next(each for each in loaded if each.endswith(".css"))
    assert http.get(style).text.endswith((WEB / "docs.css").read_text())
    assert http.get("/redoc").status_code == 404


def test_the_files_of_the_documentation_are_compressed_and_kept_by_browsers(http: Http) -> None:
    sent = 0
    for address in loaded_by(http.get("/docs")):
        with http.stream("GET", address) as answer:
            sent += sum(map(len, answer.iter_raw()))
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        known = {"If-None-Match": answer.headers["etag"]}
        again = http.get(address, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        whole = http.get(address, headers={"Accept-Encoding": "identity"})
        assert http.get(address).content == whole.content
        assert http.head(address).status_code == 200
    assert sent < 600_000  # Of 1.7 MB.


@pytest.mark.parametrize("name", ["nothing.js", "..%2fcore.py", ""])
def test_nothing_else_is_http_as_documentation(http: Http, name: str) -> None:
    script = next(each for each in loaded_by(http.get("/docs")) if each.endswith(".js"))
    answer = http.get(script.rpartition("/")[0] + f"/{name}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no such route; see /docs"


def test_the_files_of_the_documentation_can_only_be_read(http: Http) -> None:
    script = next(each for each in loaded_by(http.get("/docs")) if each.endswith(".js"))
    answer = http.post(script)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json()["detail"] == "POST is not allowed here; use GET, HEAD"
