"""All 32 machines of the fleet, with few rows and epochs: from profiles to tiles on a page."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from GAN.profiles.catalogue import fleet_ids
from tests.acceptance.conftest import COMMAND, User
from tests.waiting import eventually, free_port
from tests.web.reader import Reader

#: Few rows, so that it takes minutes.
FEW = ("--rows", "2000", "--epochs", "8", "--samples", "3000,600,1200")

#: Notes the age that each tile shows, twice a second.
_RECORD_AGES = """() => {
  window.ages = {};
  setInterval(() => {
    for (const tile of document.querySelectorAll('.tile')) {
      const age = tile.querySelector('.age')?.textContent.trim();
      if (age) (ages[tile.getAttribute('href')] ??= []).push(age);
    }
  }, 500);
}"""

LEVELS = re.compile("^(Act now|Plan work|Watch|Healthy)$")


@pytest.mark.timeout(2400)
def test_the_fleet_is_onboarded_predicted_and_shown_in_one_call(
    user: User, browser: Browser, shots: Path
) -> None:
    run(user, "onboard", "--fleet", *FEW, "--wait")
    assert len(user.json("predictors", "list")) == 32
    with serving(user) as address, Reader(browser, address) as reader:
        expect(reader.open("/fleet", "Fleet").locator(".tile")).to_have_count(32, timeout=15_000)
        reader.page.evaluate(_RECORD_AGES)
        said = run(user, "demo", "--seconds", "60")
        look_at_the_page(reader, shots)
        found = httpx.get(f"{address}/api/gan/units", params={"limit": 200}).json()
    assert "failed" in said
    assert "is replaced" in said
    assert "plan for sunday" in said
    items = found["items"]
    complete = {
        item["machine_id"]
        for item in items
        if item["prediction"] is not None
        and item["prediction"]["probabilities"]
        and item["prediction"]["rul_hours"] >= 0
        and item["prediction"]["novelty"] is not None
        and item["prediction"]["outlook"]
    }
    assert complete == set(fleet_ids())
    assert all(item["level"] != "no_forecast" for item in items)


def run(user: User, *arguments: str) -> str:
    """Run a command that takes minutes; what it printed."""
    done = subprocess.run(
        [COMMAND, *arguments],
        cwd=user.folder,
        env=user.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout


@contextmanager
def serving(user: User) -> Iterator[str]:
    """The address of the service, while it runs."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{address}/livez").is_success
        except httpx.HTTPError:
            return False

    with user.running(COMMAND, "web", "--port", str(port)):
        eventually(answers, 60)
        yield address


def look_at_the_page(reader: Reader, shots: Path) -> None:
    """At 1440 px there are 8 x 4 tiles, each with a level, a RUL, its interval, and its age."""
    page = reader.page
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(32)
    boxes = [tile.bounding_box() for tile in tiles.all()]
    places = [(round(box["x"]), round(box["y"])) for box in boxes if box]
    assert len({x for x, _ in places}) == 8
    assert len({y for _, y in places}) == 4
    for tile in tiles.all():
        expect(tile.locator(".standing")).to_have_text(LEVELS)
        expect(tile.locator(".rul b")).to_have_text(re.compile(r"\d\sh$"))
        expect(tile.locator(".rul span")).to_have_text(re.compile(r"^[\d,]+–[\d,]+$"))
        expect(tile.locator(".age")).to_have_text(re.compile(r"^\s*\d+\s(s|min|h|d)\s*$"))
    ages: dict[str, list[str]] = page.evaluate("ages")
    assert len(ages) == 32
    assert min(len(set(shown)) for shown in ages.values()) >= 3
    assert reader.clipped() == []
    page.screenshot(path=shots / "fleet.png")
