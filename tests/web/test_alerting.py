"""What acts on alerting: silences, webhooks, and the thresholds of a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import expect

from GAN.config.thresholds import Thresholds
from GAN.prognosis.levels import LEVELS, LevelState, next_level
from tests.integration.delivery.receivers import Receiver, receiving, status
from tests.unit.prognosis.test_levels import said
from tests.web.plant import MACHINE, Plant
from tests.web.reader import Reader

THRESHOLDS = f"/api/gan/machines/{MACHINE}/thresholds"

#: Level, probabilities of failure within 24 hours and the planning horizon, novelty, thresholds.
_MOVES = """(cases) =>
  import(new URL('../parts/thresholds.js', document.querySelector('script[type=module]').src))
    .then(({ move }) => cases.map(([level, soon, planned, novelty, [alarm, warning]]) => move(
      { level, prediction: { based_on: 'readings', probability_24h: soon, novelty,
        novelty_limit: 1, probabilities: { healthy: 1 - planned } } },
      { alarm, warning, false_alarms_per_1000_hours: 1 })))"""


def test_a_silence_is_added_and_ended_by_keyboard(reader: Reader) -> None:
    reader.allowed = ("404", "422")
    page = reader.open("/alerts", "Alerts")
    reader.enter("button", "Silences 1")
    planned = page.locator(".alert-row", has_text="inspection of the coupling")
    expect(planned).to_contain_text("to come")
    reader.enter("button", "Add a silence …")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Machine").select_option(MACHINE)
    dialog.get_by_label("Unit").fill("77")
    dialog.get_by_label("Reason").fill("new bearing")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text(f"{MACHINE} has no unit '77'")
    dialog.get_by_label("Unit").fill("north")
    dialog.get_by_label("Ends").fill("2026-01-01T10:00")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("write a later end")
    end = page.evaluate("new Date(Date.now() + 7_200_000).toISOString().slice(0, 16)")
    dialog.get_by_label("Ends").fill(end)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    added = page.locator(".alert-row", has_text="in force")
    expect(added).to_contain_text(
        re.compile(r"unit north\s+until .*ends in 2\sh.*“new bearing”", re.DOTALL)
    )
    added.get_by_role("button", name="End it …").press("Enter")
    dialog.get_by_role("button", name="End it").press("Enter")
    expect(added).to_have_count(0)
    expect(page.get_by_role("button", name="Silences 1")).to_be_visible()


@pytest.fixture
def receiver(plant: Plant) -> Iterator[Receiver]:
    """A receiver of a webhook of the plant."""
    with receiving() as found:
        made = plant.service.post("/api/gan/webhooks", {"url": found.url})
        yield found
        plant.service.http.delete(f"/api/gan/webhooks/{made['webhook']['id']}")


def test_a_webhook_is_listed_without_its_secret_and_tested(
    reader: Reader, receiver: Receiver
) -> None:
    page = reader.open("/tasks", "Tasks")
    row = page.locator(".webhook", has_text=receiver.url.partition("?")[0])
    expect(row).to_contain_text("active")
    row.get_by_role("button", name="Send a test").press("Enter")
    said = page.get_by_role("status")
    expect(said.filter(has_text="has taken the test: answered 204")).to_be_visible()
    assert receiver.types == ["test"]
    receiver.answer = status(500)
    row.get_by_role("button", name="Send a test").press("Enter")
    expect(said.filter(has_text="has not taken the test: answered 500")).to_be_visible()
    silent = page.locator(".webhook", has_text="127.0.0.1:9/alerts")
    expect(silent).to_contain_text(re.compile(r"[1-9]\d* waiting"))
    assert "whsec_" not in page.content()
    assert receiver.url not in page.content()


def test_thresholds_are_shown_and_changed(reader: Reader, plant: Plant) -> None:
    page = reader.open(f"/machines/{MACHINE}?view=type", "KSB Etanorm")
    panel = page.locator(".panel", has_text="Where levels begin")
    expect(panel).to_contain_text("9.09\u202f% or more: right if a failure costs 10 planned stops")
    panel.get_by_role("button", name="Change …").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Plan work").fill("49.5")
    expect(dialog.locator("output")).to_have_text("No unit moves to another level.")
    dialog.get_by_label("Plan work").fill("0")
    expect(dialog.locator("output")).to_be_empty()
    dialog.get_by_label("Plan work").fill("49.5")
    page.keyboard.press("Enter")
    expect(panel).to_contain_text("49.5\u202f%")
    assert plant.service.get(THRESHOLDS)["alarm"] == 1 / 11
    plant.service.post(THRESHOLDS, {})
    assert plant.service.get(THRESHOLDS)["warning"] == 0.5


def test_what_would_change_follows_the_rules_of_levels(reader: Reader) -> None:
    page = reader.open("/alerts", "Alerts")
    shares, novelties = (0.0, 0.03, 0.2, 0.45, 0.6, 1.0), (0.5, 3.0)
    wanted = ((1 / 11, 0.5), (0.04, 0.9), (1.0, 0.05))
    cases = list(product(LEVELS, shares, shares, novelties, wanted))
    expected = [expected_move(*case) for case in cases]
    assert page.evaluate(_MOVES, cases) == expected
    assert {"healthy", "watch", "warning", "alarm", None} == set(expected)


def expected_move(
    level: str, soon: float, planned: float, novelty: float, wanted: tuple[float, float]
) -> str | None:
    """Where a unit goes by the rules: at once up, or down after a long calm."""
    before = LevelState(LEVELS.index(level), calm_since=0.0)
    after = next_level(
        before,
        said(1_000, novelty, planned, soon),
        Thresholds(alarm=wanted[0], warning=wanted[1]),
        watched_hours=1_000,
        baseline_hours=100,
        recent_hours=10,
        sensor_fault=level == "watch",  # The page cannot know, so it lets no such level fall.
    )
    return None if after.level == before.level else LEVELS[after.level]
