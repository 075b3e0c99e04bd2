"""The page of a machine type."""

from __future__ import annotations

from playwright.sync_api import expect

from GAN.profiles.catalogue import fleet_profile
from tests.web.plant import Plant
from tests.web.reader import Reader

LONELY = "motor_siemens_1la7_001"


def test_a_machine_with_one_unit_opens_on_it_and_the_way_back_works(
    reader: Reader, plant: Plant
) -> None:
    profile = fleet_profile(LONELY)
    plant.service.post("/api/gan/machines?start=false", profile.model_dump(mode="json"))
    values = {sensor.name: sensor.normal.min for sensor in profile.sensors}
    row = {"unit": "only", "at": plant.now(), "readings": values}
    plant.service.post(f"/api/gan/machines/{LONELY}/readings", {"readings": [row]})
    page = reader.open("/alerts", "Alerts")
    page.goto(f"/machines/{LONELY}")
    expect(page.locator("h1")).to_have_text("Siemens 1LA7, unit only")
    assert page.url.endswith(f"/machines/{LONELY}/units/only")
    page.locator(".crumbs a", has_text="Siemens 1LA7").click()
    expect(page.locator("h1")).to_have_text("Siemens 1LA7")
    expect(page.get_by_role("heading", name="Versions of its predictor")).to_be_visible()
    page.go_back()
    expect(page.locator("h1")).to_have_text("Siemens 1LA7, unit only")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Alerts")
    reader.open(f"/machines/{LONELY}/files", "Siemens 1LA7")
    assert page.url.endswith("/files")
