"""The page that compares seed and synthetic data."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.waiting import eventually
from tests.web.plant import MACHINE, Plant
from tests.web.reader import Reader


def test_what_the_report_has_is_drawn_and_said(reader: Reader, plant: Plant) -> None:
    report = plant.service.get(f"/api/gan/machines/{MACHINE}/report")
    comparison = report["comparison"]
    for part in ("histograms", "lives", "correlations"):
        assert comparison[part]
    page = reader.open(f"/machines/{MACHINE}/compare", "Seed and synthetic data")
    expect(page.locator(".gates li")).to_have_count(len(report["gates"]))
    cards = page.locator(".compared li")
    expect(cards).to_have_count(len(comparison["histograms"]))
    lines = len(comparison["histograms"]) + len(comparison["lives"])
    for kind in ("seed", "synthetic"):
        expect(cards.locator(f"polyline.{kind}")).to_have_count(lines)
    for kind in ("seed", "synthetic"):
        sizes = cards.locator(f"polyline.{kind}").evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect().width)"
        )
        assert all(size > 100 for size in sizes)
    largest = comparison["correlations"]["largest"]
    expect(page.locator(".correlations li")).to_have_count(len(largest))


def test_the_report_is_a_small_page_without_scripts_that_can_be_read_everywhere(
    reader: Reader, plant: Plant, shots: Path
) -> None:
    reader.open(f"/machines/{MACHINE}/compare", "Seed and synthetic data")
    address = reader.page.get_by_role("link", name="Report with charts").get_attribute("href")
    page = reader.page
    answer = page.goto(str(address))
    assert answer is not None
    assert len(answer.body()) <= 250_000
    assert page.locator("script").count() == 0
    gates = len(plant.service.get(f"/api/gan/machines/{MACHINE}/report")["gates"])
    assert page.locator("svg").count() >= gates
    for width, theme in ((1440, "light"), (390, "dark")):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=shots / f"report-{width}-{theme}.png", full_page=True)
        assert reader.clipped() == []
        eventually(reader.fits, 5)
