"""A machine from its form to a repaired unit, by keyboard alone, while the service is killed."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.waiting import eventually
from tests.web.plant import Service, held_out, readings
from tests.web.reader import Reader

MACHINE = "mixer_story_001"
UNIT = "7"
#: The life is played in so many batches; halfway, the service is killed.
BATCHES = 10
LIVED = 0.99


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A second process of a service, which may be killed: workers and broker stay."""
    with Service(tmp_path, "up"), Service(tmp_path, "web") as service:
        yield service


class Story:
    """Somebody with a keyboard, and a machine that sends readings."""

    def __init__(self, service: Service, reader: Reader) -> None:
        self.service, self.reader, self.page = service, reader, reader.page
        self.tile = self.page.locator(".tile", has_text=f"unit {UNIT}")

    def onboard(self) -> None:
        page, keys = self.page, self.page.keyboard
        self.reader.open("/onboard", "Onboard")
        self.reader.tab_to(page.get_by_label("Start from a template"))
        keys.type("generic")
        name = page.get_by_label("Machine id")
        self.reader.tab_to(name)
        keys.press("Control+A")
        keys.type(MACHINE)
        expect(page.get_by_text("No problem found.")).to_be_visible()
        self.reader.enter("button", "Take in and start")
        expect(page.locator("h1")).to_have_text("Chain")
        expect(page.locator(".why-waits")).to_contain_text("finished", timeout=120_000)
        self.go_to("Fleet")
        tile = page.locator(".tile", has_text="Example EX-1")
        expect(tile).to_contain_text("usual for its type", timeout=120_000)

    def age(self) -> None:
        """Play a life; the page follows, also over a death of the service."""
        life = max(held_out(self.service, MACHINE), key=len)
        rows = readings(life, UNIT, LIVED, round(time.time() * 1000) - 60_000)
        for number in range(BATCHES):
            if number == BATCHES // 2:
                expect(self.tile.locator(".standing")).to_have_text(re.compile("Healthy|Watch"))
                self.kill_and_start()
            part = rows[number * len(rows) // BATCHES : (number + 1) * len(rows) // BATCHES]
            self.send(part)

    def kill_and_start(self) -> None:
        self.service.stop(signal.SIGKILL)
        bar = self.page.locator(".bar")
        expect(bar).to_contain_text("What you see was true at", timeout=15_000)
        expect(self.tile).to_have_count(1)
        self.reader.tab_to(bar.get_by_role("button", name="Try now"))
        self.service.start()
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".link")).to_have_text("live", timeout=20_000)

    def send(self, rows: list[dict[str, object]]) -> None:
        self.service.post(f"/api/gan/machines/{MACHINE}/readings", {"readings": rows})
        eventually(self.is_predicted, 60)

    def is_predicted(self) -> bool:
        unit = self.service.get(f"/api/gan/machines/{MACHINE}/units/{UNIT}")
        return bool(unit["predicted_at"] == unit["seen_at"])

    def see_the_alert(self) -> None:
        page = self.page
        expect(self.tile.locator(".standing")).to_have_text("Act now", timeout=15_000)
        expect(page).to_have_title(re.compile(r"^⬢ \d to act now · Fleet"))
        self.go_to("Alerts")
        expect(page).to_have_title(re.compile(r"^\d open · Alerts"))
        row = page.locator(".alert-row", has_text="Example EX-1")
        expect(row).to_contain_text("Act now")
        self.reader.enter("link", f"Example EX-1, unit {UNIT}")
        expect(page.get_by_role("heading", name=re.compile(r"^Why \d+\sh"))).to_be_visible()
        expect(page.locator(".why tbody tr").nth(1)).to_contain_text("normal")

    def plan(self) -> None:
        page, keys = self.page, self.page.keyboard
        self.go_to("Plan")
        start = datetime.now() + timedelta(hours=1)
        window = f"{start:%Y-%m-%dT%H:%M}/{start + timedelta(hours=8):%Y-%m-%dT%H:%M}, 9 units"
        self.reader.tab_to(page.get_by_label("Maintenance windows"))
        keys.press("Control+A")
        keys.type(window)
        self.reader.enter("button", "Plan")
        grid = page.locator(".windows-grid")
        expect(grid).to_contain_text("of 9 units", timeout=15_000)
        self.reader.tab_to(grid.get_by_role("link", name=f"Example EX-1, unit {UNIT}"))
        keys.press("Enter")

    def maintain(self) -> None:
        page = self.page
        expect(page.locator("h1")).to_have_text(f"Example EX-1, unit {UNIT}")
        self.reader.enter("button", "Maintenance done")
        self.reader.enter("button", "Report it")
        expect(page.get_by_text("Life 2 began")).to_be_visible()
        life = max(held_out(self.service, MACHINE), key=len)
        self.send(readings(life, UNIT, 0, round(time.time() * 1000)))
        self.go_to("Fleet")
        expect(self.tile.locator(".standing")).to_have_text("Healthy", timeout=15_000)
        self.go_to("Alerts")
        expect(page.locator(".alert-row", has_text="Example EX-1")).to_have_count(0)

    def go_to(self, name: str) -> None:
        link = self.page.locator(".top > nav").get_by_role("link", name=name, exact=True)
        self.reader.tab_to(link)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("h1")).to_be_focused()


def test_a_unit_is_onboarded_ages_and_is_maintained_by_keyboard_alone(
    service: Service, browser: Browser
) -> None:
    with Reader(browser, service.address) as reader:
        reader.allowed = ("ERR_CONNECTION_REFUSED", "WebSocket")
        story = Story(service, reader)
        story.onboard()
        story.age()
        story.see_the_alert()
        story.plan()
        story.maintain()
