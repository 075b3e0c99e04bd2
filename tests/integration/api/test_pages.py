"""The pages of the dashboard: one document at many addresses, and the files that it loads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.error_handlers import add_error_handlers
from api.middleware.stack import add_middleware
from api.pages import ADDRESSES, add_pages
from storage.clients import tokens
from storage.settings import Settings
from tests.integration.api.served import serving
from tests.integration.serving import Http

SCRIPT = "export const machine = 'püm';\n" * 200


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One database: what is tested here does not depend on it."""
    return Settings(home=tmp_path)


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A small folder of files, some of which are not to be served."""
    folder = tmp_path / "web"
    for name, text in {
        "shell.html": "<!doctype html><script type=module src='{{static}}/app/main.js'></script>",
        "app/main.js": SCRIPT,
        "style/base.css": "p { color: red }",
        "style/pages/alerts.css": "p { color: green }",
        "style/tokens.css": "p { color: blue }",
        "vendor/lit-html/LICENSE": "BSD",
        ".hidden/secret.js": "secret",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    (tmp_path / "outside.txt").write_text("outside")
    return folder


def app_of(settings: Settings, web: Path) -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    add_middleware(app, settings)
    add_error_handlers(app)
    add_pages(app, web)
    return app


@pytest.fixture
def client(ledger: Settings, web: Path) -> Iterator[httpx.Client]:
    with (
        serving(app_of(ledger, web)) as address,
        httpx.Client(base_url=f"http://{address}", timeout=30) as client,
    ):
        yield client


def script_of(page: httpx.Response) -> str:
    found = re.search("src='([^']+)'", page.text)
    assert found is not None
    return found[1]


def test_browsers_are_sent_from_the_root_to_the_fleet_and_others_are_not(http: Http) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = http.get("/", headers=browser)
    assert (answer.status_code, answer.headers["location"]) == (307, "/fleet")
    assert http.get("/fleet", headers=browser).headers["content-type"].startswith("text/html")
    assert http.get("/").status_code == 404
    assert http.get("/").json()["detail"] == "no such route; see /docs"


def test_each_page_address_has_the_same_document_and_needs_no_token(http: Http) -> None:
    tokens.create("boss", "admin")
    addresses = [re.sub(r"\{\w+\}", "x", address) for address in ADDRESSES]
    pages = [http.get(address) for address in addresses]
    assert {page.status_code for page in pages} == {200}
    assert len({page.text for page in pages}) == 1
    assert "{{" not in pages[0].text
    assert http.post("/fleet").status_code == 405


@pytest.mark.parametrize("path", ["/api", "/api/gan/nothing", "/pages", "/fleet/", "/ws", "/web"])
def test_no_other_address_has_a_page(http: Http, path: str) -> None:
    answer = http.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_ids_in_addresses_are_no_paths_and_are_not_sent_back(client: httpx.Client) -> None:
    page = client.get("/fleet").text
    for odd in ("..", "%2e%2e", "..%2f..%2foutside.txt", "%00", "<script>", "shell.html", "a%0Ab"):
        answer = client.get(f"/machines/{odd}/units/{odd}")
        assert answer.status_code in (200, 404)
        assert answer.status_code == 404 or answer.text == page


def test_the_document_runs_only_scripts_of_the_service_and_is_asked_for_again(
    client: httpx.Client,
) -> None:
    page = client.get("/machines/pump_1")
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"]) == ("'self'", "'self'")
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "lit-html"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-cache"
    again = client.get("/alerts", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_files_are_compressed_kept_for_a_year_and_have_their_types(client: httpx.Client) -> None:
    address = script_of(client.get("/fleet"))
    assert re.fullmatch(r"/static/[0-9a-f]{16}/app/main\.js", address)
    with client.stream("GET", address) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert len(sent) < len(SCRIPT) / 10
    assert int(answer.headers["content-length"]) == len(sent)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert plain.text == client.get(address).text == SCRIPT
    assert "content-encoding" not in plain.headers
    base = address.removesuffix("/app/main.js")
    style = client.get(f"{base}/style/base.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    whole = client.get(f"{base}/style.css").text
    assert whole == "p { color: red }\np { color: blue }\np { color: green }"
    licence = client.get(f"{base}/vendor/lit-html/LICENSE")
    assert licence.headers["content-type"] == "text/plain; charset=utf-8"
    assert client.head(address).headers["content-length"] == answer.headers["content-length"]


@pytest.mark.parametrize(
    "name",
    [
        *("", "shell.html", "app", "app/", "app/nothing.js", "app/main.js%00"),
        *("../outside.txt", "%2e%2e/outside.txt", "..%2foutside.txt"),
        *(".hidden/secret.js", "/etc/passwd"),
    ],
)
def test_nothing_but_the_files_of_the_folder_is_served(client: httpx.Client, name: str) -> None:
    base = script_of(client.get("/fleet")).removesuffix("app/main.js")
    assert client.get(f"{base}{name}").status_code == 404
    assert client.get(f"/static/{'0' * 16}/app/main.js").status_code == 404


def test_a_change_of_any_file_changes_the_address_of_all(ledger: Settings, web: Path) -> None:
    addresses = []
    for style in ("p { color: red }", "p { color: blue }"):
        (web / "style/base.css").write_text(style)
        with serving(app_of(ledger, web)) as address:
            addresses.append(script_of(httpx.get(f"http://{address}/fleet")))
    assert addresses[0] != addresses[1]
