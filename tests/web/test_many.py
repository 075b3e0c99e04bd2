"""A fleet of 10,000 units."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Browser, expect

from GAN.profiles.catalogue import fleet_profile
from tests.web.plant import MACHINE, Service
from tests.web.reader import Reader

MANY = 10_000

_IS_TILE_IN_THE_MIDDLE = """() =>
  [0.1, 0.5, 0.9].some((share) =>
    document.elementFromPoint(0.45 * innerWidth, share * innerHeight)?.closest('.tile'))
"""


def test_ten_thousand_units_are_a_few_elements_and_keys_reach_all_of_them(
    tmp_path: Path, browser: Browser
) -> None:
    with Service(tmp_path, "web") as service, Reader(browser, service.address) as reader:
        profile = fleet_profile(MACHINE).model_dump(mode="json")
        service.post("/api/gan/machines?start=false", profile)
        now = round(time.time() * 1000)
        rows = [
            {"unit": f"{number:05}", "at": now, "readings": {"flow_rate": 70.0}}
            for number in range(MANY)
        ]
        service.post(f"/api/gan/machines/{MACHINE}/readings", {"readings": rows})
        page = reader.open("/fleet?size=l", "Fleet")
        expect(page.get_by_text("10,000 units")).to_be_visible(timeout=20_000)
        assert page.locator("*").count() <= 2_500
        page.locator('.tile[tabindex="0"]').focus()
        page.keyboard.press("End")
        focused = page.locator(".tile:focus")
        expect(focused).to_contain_text(f"unit {MANY - 1:05}")
        page.keyboard.press("ArrowUp")
        expect(focused).to_contain_text(f"unit {MANY - 9:05}")
        page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
        page.wait_for_function(_IS_TILE_IN_THE_MIDDLE)
        page.evaluate("scrollTo(0, 0)")
        expect(page.locator(".tile", has_text="unit 00000")).to_be_visible()
        expect(focused).to_contain_text(f"unit {MANY - 9:05}")
        assert page.locator("*").count() <= 2_500
        page.keyboard.press("Home")
        expect(focused).to_contain_text("unit 00000")
        page.keyboard.press("PageDown")
        expect(focused).to_contain_text("unit 00032")
        reader.open("/fleet", "Fleet")
        expect(page.locator(".dot").first).to_be_visible(timeout=20_000)
        assert page.locator("*").count() <= 2_500
