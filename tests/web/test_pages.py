"""Every page: readable by everybody, at each width, in both themes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.waiting import eventually
from tests.web.plant import MACHINE, Plant
from tests.web.reader import Reader, Theme

TOOLS = Path(__file__).parent / "tools" / "node_modules"

PAGES = {
    "fleet": "/fleet",
    "list": "/fleet?view=list",
    "unit": f"/machines/{MACHINE}/units/west",
    "machine": f"/machines/{MACHINE}?view=type",
    "compare": f"/machines/{MACHINE}/compare",
    "chain": f"/machines/{MACHINE}/chain",
    "alerts": "/alerts",
    "silences": "/alerts?show=silences",
    "plan": "/plan",
    "tasks": "/tasks",
    "task": "/tasks/1",
    "events": "/events",
    "onboard": "/onboard?template=pump",
    "login": "/login",
    "missing": "/machines/no_such_machine",
}

NARROWEST = 320

#: Text of twice the size, and the drawing that follows.
_LARGE_TEXT = """new Promise((done) => {
  document.documentElement.style.fontSize = '200%';
  dispatchEvent(new Event('resize'));
  requestAnimationFrame(() => requestAnimationFrame(done));
})"""

#: The size of targets is a rule that axe leaves out by default.
_AXE = """axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})
  .then((found) => found.violations)"""


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds: a rule and the first elements that break it."""
    page.evaluate((TOOLS / "axe-core" / "axe.min.js").read_text())
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"]][:5])
        for one in page.evaluate(_AXE)
    ]


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_nothing_is_cut(
    plant: Plant, browser: Browser, shots: Path, name: str, width: int, theme: Theme
) -> None:
    with Reader(browser, plant.service.address, width, theme) as reader:
        if name == "missing":
            reader.allowed = ("404",)
        page = reader.open(PAGES[name])
        page.wait_for_load_state("networkidle")
        page.screenshot(path=shots / f"{name}-{width}-{theme}.png", full_page=True)
        assert violations(page) == []
        assert reader.clipped() == []
        eventually(reader.fits, 5)
        if width < NARROWEST * 2:
            page.set_viewport_size({"width": NARROWEST, "height": 844})
            assert reader.clipped() == []
            eventually(reader.fits, 5)
        else:
            page.evaluate(_LARGE_TEXT)
            assert reader.clipped() == []
            eventually(reader.fits, 5)


#: An address, and what shows in a new window that it was understood.
VIEWS = {
    "/fleet?health=alarm": "button[aria-pressed=true]:has-text('Act now')",
    "/fleet?sort=rul": "#order:has(option[value=rul]:checked)",
    "/fleet?view=list": "caption:has-text('Units')",
    "/alerts?show=cleared": "button[aria-pressed=true]:has-text('Cleared')",
    "/alerts?show=silences": "button[aria-pressed=true]:has-text('Silences')",
    "/plan?weeks=2": "#weeks",
    "/tasks?status=failed&stage=train_tvae": "button[aria-pressed=true]:has-text('failed')",
    "/events?type=SeedReady&follow=1": "button[aria-pressed=true]:has-text('Follow')",
    "/onboard?template=motor": "#template:has(option[value=motor]:checked)",
}


def test_an_address_shows_the_same_in_a_new_window(reader: Reader) -> None:
    for address, sign in VIEWS.items():
        page = reader.open(f"{address}&tz=utc")
        expect(page.locator(sign)).to_have_count(1)
        expect(page.get_by_role("button", name="Times are in UTC")).to_be_visible()
    reader.open("/plan?weeks=2")
    expect(reader.page.get_by_label("Weeks ahead")).to_have_value("2")
    reader.open("/events?type=SeedReady")
    expect(reader.page.locator(".events > li")).to_have_count(1)
