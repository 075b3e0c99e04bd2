"""The fleet page."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from api.pages import WEB
from tests.web.plant import MACHINE, Plant
from tests.web.reader import Reader


def test_a_tile_shows_level_rul_interval_and_age(reader: Reader) -> None:
    page = reader.open("/fleet", "Fleet")
    tile = page.locator(".tile", has_text="unit west")
    expect(tile.locator(".standing")).to_have_text("Act now")
    expect(tile.locator(".mark")).to_have_class(re.compile("alarm"))
    expect(tile.locator(".rul b")).to_have_text(re.compile(r"^(< )?\d+\s?h$"))
    expect(tile.locator(".rul span")).to_have_text(re.compile(r"^\d+–\d+$"))
    expect(tile.locator(".age")).to_contain_text(re.compile(r"\d\s(s|min)"))
    sentence = tile.locator(".unseen").inner_text()
    assert re.match(
        r"KSB Etanorm 006 · unit west, act now, .*left, between \d+ and \d+, .*percent, reading",
        sentence,
    )


def test_what_a_tile_shows_is_what_rest_says(reader: Reader, plant: Plant) -> None:
    page = reader.open("/fleet", "Fleet")
    for item in plant.service.get("/api/gan/units", machine_id=MACHINE)["items"]:
        tile = page.locator(".tile", has_text=f"unit {item['unit']}")
        expect(tile).to_have_class(re.compile(rf"\b{item['level']}\b"))
        if item["prediction"] is None:
            expect(tile.locator(".rul b")).to_have_count(0)
            continue
        hours = round(item["prediction"]["rul_hours"])
        expect(tile.locator(".rul b")).to_have_text(
            f"{hours}\u00a0h" if hours else "<\u00a01\u00a0h"
        )


def test_a_tile_changes_when_a_reading_comes(reader: Reader, plant: Plant) -> None:
    page = reader.open("/fleet", "Fleet")
    age = page.locator(".tile", has_text="unit north").locator(".age")
    expect(age).to_contain_text(re.compile(r"min|s"))
    newest = plant.lives[0][10][1]
    row = {"unit": "north", "at": plant.now(), "readings": newest}
    plant.service.post(f"/api/gan/machines/{MACHINE}/readings", {"readings": [row]})
    expect(age).to_have_text(re.compile(r"^\s*\d{1,2}\s?s$"), timeout=15_000)


def test_counts_search_and_order_are_filters_in_the_address(reader: Reader) -> None:
    page = reader.open("/fleet", "Fleet")
    everything = page.locator(".tile").count()
    page.get_by_role("button", name="Act now").click()
    expect(page.locator(".tile:not(.alarm)")).to_have_count(0)
    expect(page).to_have_url(re.compile("health=alarm"))
    shown = page.locator(".tile").count()
    assert 0 < shown < everything
    reader.open(page.url, "Fleet")
    expect(page.locator(".tile")).to_have_count(shown)
    page.get_by_role("button", name="Act now").click()
    page.get_by_role("searchbox").fill("north")
    expect(page.locator(".tile")).to_have_count(1)
    page.get_by_role("searchbox").fill("no such unit")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".tile")).to_have_count(everything)


def test_the_list_has_the_same_units(reader: Reader) -> None:
    page = reader.open("/fleet?sort=urgency", "Fleet")
    tiles = page.locator(".tile").count()
    page.get_by_role("button", name="List").click()
    expect(page.locator("tbody tr")).to_have_count(tiles)
    expect(page.locator("tbody tr").first).to_contain_text("Act now")


def test_arrows_home_end_and_enter_move_through_the_tiles(reader: Reader) -> None:
    page = reader.open("/fleet", "Fleet")
    last = page.locator(".tile").count() - 1

    def is_on(index: int) -> None:
        expect(page.locator(f'.tile[data-index="{index}"]')).to_be_focused()

    page.locator(".tile").first.focus()
    page.keyboard.press("ArrowRight")
    is_on(1)
    page.keyboard.press("End")
    is_on(last)
    page.keyboard.press("ArrowRight")
    is_on(last)
    page.keyboard.press("Home")
    is_on(0)
    assert page.locator('.tile[tabindex="0"]').count() == 1
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.locator(".tile").first.focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("first and last tile")
    page.keyboard.press("Escape")
    expect(page.locator(".tile").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("unit")
    expect(page.locator("h1")).to_be_focused()


def sizes_of(reader: Reader) -> list[int]:
    """Grows by the size of each answer that the window gets, bytes."""
    sizes: list[int] = []
    reader.page.on(
        "requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"])
    )
    return sizes


def test_visits_are_small(reader: Reader) -> None:
    sizes = sizes_of(reader)
    reader.open("/fleet", "Fleet")
    reader.page.wait_for_load_state("networkidle")
    assert len(sizes) <= 14
    assert sum(sizes) <= 45_000
    sizes.clear()
    reader.open("/fleet", "Fleet")
    reader.page.wait_for_load_state("networkidle")
    assert sum(sizes) <= 3_000
    reader.open("/alerts", "Alerts")
    for path in sorted(path for path in WEB.rglob("*.js") if "vendor" not in path.parts):
        reader.page.evaluate(
            "(name) => import(new URL('../' + name, document.querySelector('script').src))",
            str(path.relative_to(WEB)),
        )
    reader.page.wait_for_load_state("networkidle")
    assert sum(sizes) <= 115_000


def test_the_files_of_a_unit_are_small(reader: Reader) -> None:
    sizes = sizes_of(reader)
    reader.open(f"/machines/{MACHINE}/units/north", "unit north")
    reader.page.wait_for_load_state("networkidle")
    assert sum(sizes) <= 120_000


def test_nothing_moves_if_that_is_asked_for(reader: Reader) -> None:
    page = reader.open("/fleet", "Fleet")
    moving = """[...document.querySelectorAll('*')].filter((one) => {
      const style = getComputedStyle(one);
      return style.transitionDuration !== '0s' || style.animationName !== 'none';
    }).length"""
    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0
