"""The page of the API is easy to read, with calls open and one being tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.web.plant import Service

AXE = Path(__file__).parent / "tools" / "node_modules" / "axe-core" / "axe.min.js"
RULES = "{runOnly: ['color-contrast', 'html-has-lang']}"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Service(tmp_path_factory.mktemp("docs"), "web") as service:
        yield service.address


def test_all_text_has_enough_contrast(address: str, browser: Browser) -> None:
    page = browser.new_page()
    page.set_default_timeout(120_000)  # The page is large, and the machine may be loaded.
    page.goto(f"{address}/docs")
    for method in ("get", "post", "delete"):
        page.locator(f".opblock-{method} .opblock-summary-control").first.click()
        page.locator(f".opblock-{method}.is-open .responses-table").first.wait_for()
    page.locator(".try-out__btn").first.click()
    page.locator(".execute").first.wait_for()
    page.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run(document, {RULES})")
    assert [each["nodes"][0]["html"] for each in found["violations"]] == []
    assert {each["id"] for each in found["passes"]} == {"color-contrast", "html-has-lang"}
    page.close()
