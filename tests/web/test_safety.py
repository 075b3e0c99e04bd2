"""Who may see and do what; names of others are only ever text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from GAN.profiles.catalogue import fleet_profile
from tests.waiting import eventually
from tests.web.plant import MACHINE, Service
from tests.web.reader import Reader

NAMES = (
    "<img src=x onerror=\"document.title='hit'\">",
    "\"'><script>document.title='hit'</script>",
    "\u202eright to left",
    "long " * 40,
)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path, "web") as service:
        yield service


def test_names_are_text_and_break_no_layout(service: Service, browser: Browser) -> None:
    profile = fleet_profile(MACHINE).model_dump(mode="json")
    accepted = []
    for number, name in enumerate(NAMES):
        changed = profile | {"machine_id": f"pump_{number}", "manufacturer": name, "model": name}
        answer = service.http.post("/api/gan/machines?start=false", json=changed)
        if answer.is_success:
            accepted.append(f"pump_{number}")
    assert len(accepted) >= 2
    for width in (1440, 320):
        with Reader(browser, service.address, width) as reader:
            page = reader.open("/fleet", "Fleet")
            expect(page.locator(".tile")).to_have_count(len(accepted))
            assert reader.clipped() == []
            for path in (f"/machines/{accepted[0]}", f"/machines/{accepted[-1]}"):
                reader.open(path)
                assert page.title() != "hit"
                eventually(reader.fits, 5)
            assert page.locator("img, main script").count() == 0


def test_a_login_leads_back_and_a_read_token_can_do_nothing(
    service: Service, browser: Browser
) -> None:
    profile = fleet_profile(MACHINE).model_dump(mode="json")
    service.post("/api/gan/machines?start=false", profile)
    token = service.run("tokens", "create", "planner", "--scope", "read").strip()
    # The service may believe for a second that there is no token.
    eventually(lambda: service.http.get("/api/gan/machines").status_code == 401, 10)
    with Reader(browser, service.address) as reader:
        reader.allowed = ("401", "503")  # No broker runs here.
        page = reader.page
        page.goto("/fleet?health=no_forecast")
        expect(page.locator("h1")).to_have_text("Log in")
        page.get_by_label("Token").fill("ff_wrong_token")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("wrong, expired or revoked")
        page.get_by_label("Token").fill(token)
        page.keyboard.press("Enter")
        expect(page.locator(".tile")).to_have_count(1)
        assert page.url.endswith("/fleet?health=no_forecast")
        expect(page.locator(".who")).to_have_text("planner (read)")
        kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
        assert token not in kept
        assert "fleetforge=" not in kept
        reader.open(f"/machines/{MACHINE}", "KSB Etanorm")
        act = page.get_by_role("button", name="Delete …")
        expect(act).to_have_attribute("title", "Needs a token with the scope admin")
        reader.open(f"/machines/{MACHINE}/chain", "Chain")
        act = page.get_by_role("button", name="Start")
        expect(act).to_have_attribute("aria-disabled", "true")
        expect(act).to_have_attribute("title", "Needs a token with the scope write")
        act.click(force=True)
        expect(page.get_by_role("dialog")).to_have_count(0)
        reader.open("/alerts?show=silences", "Alerts")
        act = page.get_by_role("button", name="Add a silence …")
        expect(act).to_have_attribute("title", "Needs a token with the scope write")
        reader.open("/tasks", "Tasks")
        expect(page.get_by_text("Webhooks need a token with the scope admin.")).to_be_visible()
        service.run("tokens", "revoke", "planner")
        expect(page.locator("h1")).to_have_text("Log in", timeout=25_000)


def test_a_machine_is_deleted_only_after_its_id_was_typed(
    service: Service, browser: Browser
) -> None:
    profile = fleet_profile(MACHINE).model_dump(mode="json")
    service.post("/api/gan/machines?start=false", profile)
    with Reader(browser, service.address) as reader:
        page = reader.open(f"/machines/{MACHINE}", "KSB Etanorm")
        page.get_by_role("button", name="Delete …").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("It cannot be undone")
        dialog.get_by_label("Type its id").fill("pump")
        page.keyboard.press("Enter")
        assert dialog.evaluate("(one) => one.querySelector(':invalid') !== null")
        assert len(service.get("/api/gan/machines")["items"]) == 1
        dialog.get_by_label("Type its id").fill(MACHINE)
        page.keyboard.press("Enter")
        expect(page.get_by_text("No machine yet")).to_be_visible()
        assert service.get("/api/gan/machines")["items"] == []
