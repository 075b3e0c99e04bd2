"""What time alone changes: readings that do not come, and pages that are not seen."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.web.plant import MACHINE, Plant, Service
from tests.web.reader import Reader

#: Readings a second apart; the pause between two is measured from them.
READINGS = 60

_SEEN = """(isHidden) => {
  Object.defineProperty(document, 'hidden', {configurable: true, get: () => isHidden});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def shorten(page: Page, module: str, name: str, field: str, milliseconds: int) -> None:
    """Give a time of a module another value, in this page alone."""
    page.evaluate(
        """([module, name, field, value]) => {
          const base = document.querySelector('script[type=module]').src;
          return import(new URL(module, base)).then((its) => { its[name][field] = value; });
        }""",
        [module, name, field, milliseconds],
    )


def test_a_tile_is_stale_after_three_pauses_and_then_without_a_forecast(
    plant: Plant, reader: Reader, browser: Browser
) -> None:
    readings = plant.lives[0][0][1]
    now = plant.now()
    rows = [
        {"unit": "swift", "at": now - 1_000 * number, "readings": readings}
        for number in range(READINGS)
    ]
    plant.service.post(f"/api/gan/machines/{MACHINE}/readings", {"readings": rows})
    page = reader.open("/fleet", "Fleet")
    shorten(page, "health.js", "pause", "leastMs", 1_000)
    tile = page.locator(".tile", has_text="unit swift")
    expect(tile.locator(".standing")).to_have_text(re.compile("Healthy|Watch"), timeout=30_000)
    expect(tile.locator(".age use")).to_have_attribute("href", "#sign-clock", timeout=15_000)
    expect(tile.locator(".unseen")).to_contain_text("readings are late")
    silent = f"{1 / 3_600:.6f}"
    with (
        Service(plant.service.folder, "web", FLEETFORGE_SILENT_HOURS=silent) as later,
        Reader(browser, later.address) as another,
    ):
        page = another.open("/fleet", "Fleet")
        tile = page.locator(".tile", has_text="unit swift")
        expect(tile.locator(".standing")).to_have_text("No forecast")
        expect(tile.locator(".rul b")).to_have_count(0)
        another.open(f"/machines/{MACHINE}/units/swift", "unit swift")
        expect(page.locator(".summary")).to_contain_text("The last forecast")


def test_a_hidden_page_closes_its_socket_and_is_right_at_once_when_it_is_seen(
    reader: Reader, plant: Plant
) -> None:
    page = reader.page
    with page.expect_websocket() as opened:
        reader.open("/fleet", "Fleet")
    shorten(page, "feed.js", "hidden", "closesAfterMs", 500)
    tile = page.locator(".tile", has_text="unit hidden")
    expect(tile).to_have_count(0)
    with opened.value.expect_event("close"):
        page.evaluate(_SEEN, True)
    row = {"unit": "hidden", "at": plant.now(), "readings": plant.lives[0][0][1]}
    plant.service.post(f"/api/gan/machines/{MACHINE}/readings", {"readings": [row]})
    expect(page.locator(".link")).to_have_text("live")  # It is not drawn while it is hidden.
    expect(tile).to_have_count(0)
    page.evaluate(_SEEN, False)
    expect(tile).to_have_count(1, timeout=1_000)
