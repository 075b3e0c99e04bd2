"""The page of a unit, and what can be done there."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.web.plant import MACHINE, Plant
from tests.web.reader import Reader

NUMBER = re.compile(r"([+−]?)([\d,]+)")


def hours(text: str) -> int:
    found = NUMBER.search(text)
    assert found is not None, text
    size = int(found[2].replace(",", ""))
    return -size if found[1] == "−" else size


def reasons(page: Page) -> list[int]:
    return [hours(text) for text in page.locator(".why tbody td:nth-child(2)").all_inner_texts()]


def test_reasons_are_hours_that_add_up(reader: Reader) -> None:
    page = reader.open(f"/machines/{MACHINE}/units/west", "unit west")
    found = reasons(page)
    assert len(found) > 3
    assert sum(found) == hours(page.locator(".why tfoot td").first.inner_text())
    first = page.locator(".why tbody tr").nth(1)
    expect(first).to_contain_text("worn")
    expect(first).to_contain_text("normal")


def test_a_forecast_has_its_interval_age_model_and_source(reader: Reader) -> None:
    page = reader.open(f"/machines/{MACHINE}/units/west", "unit west")
    summary = page.locator(".summary")
    for text in (r"90 % between \d+ and \d+\sh", "reading .* ago", "version 1", "learnt from sim"):
        expect(summary).to_contain_text(re.compile(text))
    expect(page).to_have_title(re.compile(r"^⬢ KSB Etanorm, unit west: \d+\sh · Fleetforge$"))


def test_the_chart_has_a_cursor_for_keys_and_a_table_of_the_same(reader: Reader) -> None:
    page = reader.open(f"/machines/{MACHINE}/units/west", "unit west")
    cursor = page.get_by_role("slider")
    newest = page.locator("#forecast-value").inner_text()
    cursor.focus()
    page.keyboard.press("Home")
    expect(page.locator("#forecast-value")).not_to_have_text(newest)
    page.keyboard.press("End")
    expect(page.locator("#forecast-value")).to_have_text(newest)
    page.get_by_text("As a table").click()
    row = page.locator("details table tbody tr").first
    assert row.locator("td").nth(1).inner_text() in newest
    assert page.locator("details table tbody tr").count() > 3


def test_a_part_of_the_chart_is_chosen_by_keys_and_is_in_the_address(
    reader: Reader, plant: Plant
) -> None:
    page = reader.open(f"/machines/{MACHINE}/units/west", "unit west")
    cursor = page.get_by_role("slider")
    everything = int(cursor.get_attribute("max") or 0)
    cursor.focus()
    page.keyboard.press("+")
    expect(page.get_by_role("button", name="Zoom out")).to_be_visible()
    page.wait_for_function(
        "(most) => Number(document.querySelector('input[type=range]').max) < most", arg=everything
    )
    assert re.search(r"from=[\d-]+T[\d%3A:]+Z&to=", page.url), page.url
    newest = page.locator("#forecast-value").inner_text()
    shown = cursor.get_attribute("max")
    reader.open(page.url, "unit west")
    expect(page.get_by_role("slider")).to_have_attribute("max", str(shown))
    expect(page.locator("#forecast-value")).to_have_text(newest)
    page.get_by_role("button", name="Whole life").click()
    expect(page.get_by_role("slider")).to_have_attribute("max", str(everything))
    assert "from=" not in page.url
    drag_over_half(page)
    expect(page.get_by_role("button", name="Whole life")).to_be_visible()
    page.goto(f"/machines/{MACHINE}/units/west?from=2001-01-01T00:00Z&to=2001-01-02T00:00Z")
    expect(page.get_by_text("No forecast is from this time.")).to_be_visible()


def drag_over_half(page: Page) -> None:
    """Drag over the right half of the chart."""
    box = page.locator(".plot .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 25, steps=4)
    page.mouse.up()


def test_an_alert_is_acknowledged_with_a_note_and_its_unit_is_repaired_by_keyboard(
    reader: Reader, plant: Plant
) -> None:
    reader.allowed = ("422",)
    page = reader.open("/alerts", "Alerts")
    row = page.locator(".alert-row", has_text="unit south")
    row.get_by_role("button", name="Acknowledge").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Note").fill("bearing is ordered")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Acknowledged").click()
    expect(row).to_contain_text("“bearing is ordered”")
    alerts = plant.service.get("/api/gan/alerts", open="true")["items"]
    assert [one["note"] for one in alerts if one["unit"] == "south"] == ["bearing is ordered"]
    repair(reader, plant)


def repair(reader: Reader, plant: Plant) -> None:
    """Its life goes on; the dialog asks for the sensors that measure what was repaired."""
    page = reader.page
    reader.open(f"/machines/{MACHINE}/units/south", "unit south")
    page.get_by_role("button", name="Maintenance done").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Flow rate")).to_have_count(1)
    expect(dialog.get_by_label("Flow rate")).to_be_hidden()
    dialog.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    dialog.get_by_role("button", name="Report it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("name those that measure what was repaired")
    dialog.get_by_label("Seal leak rate").focus()
    page.keyboard.press("Space")
    dialog.get_by_label("Note").fill("new seal")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("cleared").first).to_be_visible()
    expect(page.get_by_text("Life 1 began")).to_be_visible()
    page.get_by_text("Earlier lives and repairs").click()
    expect(page.get_by_text("Life 1: seal leak rate repaired")).to_be_visible()
    expect(page.get_by_text("“new seal”")).to_be_visible()
    assert plant.service.get(f"/api/gan/machines/{MACHINE}/units/south")["life"] == 1


def test_maintenance_begins_a_new_life(reader: Reader, plant: Plant) -> None:
    page = reader.open("/alerts", "Alerts")
    row = page.locator(".alert-row", has_text="unit east")
    row.get_by_role("button", name="Maintenance done").click()
    page.get_by_role("button", name="Report it").dblclick()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row).to_have_count(0)
    reader.open(f"/machines/{MACHINE}/units/east", "unit east")
    expect(page.get_by_text("Life 2 began")).to_be_visible()
    assert plant.service.get(f"/api/gan/machines/{MACHINE}/units/east")["life"] == 2
    page.get_by_text("Earlier lives").click()
    expect(page.get_by_text("Life 1: ended by maintenance")).to_be_visible()


def test_a_refusal_stays_in_the_dialog_in_the_words_of_the_service(
    reader: Reader, plant: Plant
) -> None:
    reader.allowed = ("409",)
    page = reader.open("/alerts", "Alerts")
    row = page.locator(".alert-row", has_text="unit gone")
    row.get_by_role("button", name="Acknowledge").click()
    (alert,) = (
        one
        for one in plant.service.get("/api/gan/alerts", open="true")["items"]
        if one["unit"] == "gone"
    )
    body = {"at": plant.now(), "mode": "seal_failure"}
    plant.service.post(f"/api/gan/machines/{MACHINE}/units/gone/failures", body)
    page.get_by_role("button", name="I have seen it").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text(str(alert["id"]))
    page.keyboard.press("Escape")
