"""What pages show while the service is away, and afterwards."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from GAN.profiles.catalogue import fleet_profile
from tests.web.plant import MACHINE, Service
from tests.web.reader import Reader

#: Some bars are shown for seconds only, so the page writes down the text of each.
REMEMBER_BARS = """() => {
  window.bars = [];
  const write = () => {
    const bar = document.querySelector('.bar');
    if (bar) bars.push(bar.textContent.trim());
  };
  new MutationObserver(write).observe(document.body, { childList: true, subtree: true });
}"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service without workers, and one machine."""
    with Service(tmp_path, "web") as service:
        profile = fleet_profile(MACHINE).model_dump(mode="json")
        service.post("/api/gan/machines?start=false", profile)
        yield service


def test_a_lost_connection_is_shown_within_six_seconds_and_then_all_is_right_again(
    service: Service, browser: Browser
) -> None:
    with Reader(browser, service.address) as reader:
        reader.allowed = ("ERR_CONNECTION_REFUSED", "WebSocket")
        page = reader.open("/fleet", "Fleet")
        expect(page.locator(".tile")).to_have_count(1)
        service.stop(signal.SIGKILL)
        expect(page.locator(".bar")).to_contain_text("What you see was true at", timeout=6_000)
        expect(page.locator(".tile")).to_have_count(1)
        page.evaluate(REMEMBER_BARS)
        page.get_by_role("button", name="Try now").focus()
        service.start()
        profile = fleet_profile("motor_siemens_1la7_001").model_dump(mode="json")
        service.post("/api/gan/machines?start=false", profile)
        service.http.delete(f"/api/gan/machines/{MACHINE}")
        page.keyboard.press("Enter")
        expect(page.locator(".tile")).to_contain_text(["Siemens 1LA7"], timeout=20_000)
        expect(page.locator(".bar")).to_have_count(0, timeout=20_000)
        assert page.evaluate("bars.at(-1)") == "Connected again."


def test_try_now_does_not_wait_for_the_next_attempt(service: Service, browser: Browser) -> None:
    with Reader(browser, service.address) as reader:
        reader.allowed = ("ERR_CONNECTION_REFUSED", "WebSocket")
        page = reader.open("/fleet", "Fleet")
        service.stop(signal.SIGKILL)
        bar = page.locator(".bar")
        expect(bar).to_contain_text(re.compile(r"again in \d\d s"), timeout=30_000)
        with page.expect_websocket(timeout=5_000):
            bar.get_by_role("button", name="Try now").click()


def test_an_empty_fleet_says_what_to_do_and_the_form_takes_in_the_first_machine(
    tmp_path: Path, browser: Browser
) -> None:
    with Service(tmp_path, "web") as service, Reader(browser, service.address) as reader:
        page = reader.open("/fleet", "Fleet")
        expect(page.get_by_text("No machine yet")).to_be_visible()
        reader.open("/plan", "Maintenance plan")
        expect(page.get_by_text("No unit has a forecast yet")).to_be_visible()
        for path in ("/alerts", "/tasks", "/events"):
            reader.open(path)
        reader.open("/fleet", "Fleet")
        page.get_by_role("link", name="Onboard a machine").click()
        expect(page.locator("h1")).to_have_text("Onboard a machine")
        page.get_by_label("Start from a template").select_option("pump")
        name = page.get_by_label("Machine id")
        name.fill("Pump 1")
        problem = page.locator("#problem-machine_id")
        expect(problem).to_contain_text("use lower-case letters")
        assert name.get_attribute("aria-describedby") == "problem-machine_id"
        name.fill("pump_9")
        expect(page.get_by_text("No problem found.")).to_be_visible()
        page.get_by_role("button", name="Take in and start").dblclick()
        expect(page.locator("h1")).to_have_text("Chain", timeout=15_000)
        expect(page.get_by_text("none is alive")).to_be_visible()
        machines = service.get("/api/gan/machines")["items"]
        assert [one["machine_id"] for one in machines] == ["pump_9"]
