"""The form of a profile keeps what names a sensor in step with it, drivers too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.web.plant import Service
from tests.web.reader import Reader


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("form"), "web") as service:
        yield service


@pytest.fixture
def form(service: Service, browser: Browser) -> Iterator[Page]:
    with Reader(browser, service.address) as reader:
        yield reader.open("/onboard?template=compressor", "Onboard")


def place(page: Page, sensor: str) -> int:
    """The number of a sensor's row, from 1."""
    names = page.get_by_label("Name of sensor")
    return [name.input_value() for name in names.all()].index(sensor) + 1


def verdict(page: Page, edit: Callable[[], None], shows: Callable[[str], bool]) -> Any:
    """What the service says to the profile after an edit; `shows` knows the edited profile."""

    def is_edited(answer: Response) -> bool:
        return answer.url.endswith("/validate") and shows(answer.request.post_data or "")

    with page.expect_response(is_edited) as answer:
        edit()
    return answer.value.json()


def test_a_renamed_sensor_keeps_its_couplings_and_failure_modes(form: Page) -> None:
    expect(form.locator(".panel", has_text="Drivers")).to_contain_text("16 couplings")

    def rename() -> None:
        for before, after in (("motor_current", "line_current"), ("cooler_approach", "approach")):
            name = form.get_by_label(f"Name of sensor {place(form, before)}", exact=True)
            name.press_sequentially("_")
            name.fill(after)

    found = verdict(form, rename, lambda sent: '"approach"' in sent)
    assert found == {"valid": True, "problems": []}


def test_a_removed_sensor_takes_its_couplings_and_maintenance_with_it(form: Page) -> None:
    names = form.get_by_label("Name of sensor")
    count = names.count()

    def remove() -> None:
        for number, name in enumerate(("motor_current", "cooler_approach", "ambient_temperature")):
            form.get_by_label(f"Remove sensor {place(form, name)}", exact=True).click()
            expect(names).to_have_count(count - number - 1)

    found = verdict(form, remove, lambda sent: "ambient_temperature" not in sent)
    assert found == {"valid": True, "problems": []}


def test_a_problem_of_the_drivers_is_shown_and_they_can_be_removed(form: Page) -> None:
    number = place(form, "motor_current")
    form.get_by_label(f"Normal from of sensor {number}", exact=True).fill("55.9")
    panel = form.locator(".panel", has_text="What moves a healthy machine")
    expect(panel).to_contain_text("couplings move motor_current by up to")
    form.get_by_role("button", name="Remove the drivers").click()
    expect(form.get_by_text("No problem found.")).to_be_visible()
