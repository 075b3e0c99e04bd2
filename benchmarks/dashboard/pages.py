"""`python -m benchmarks.dashboard.pages`: each page in each state, theme and width, by pairs.

All pairs of a page and a theme, a width and a state, and so on, occur; not all combinations do.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import combinations, product
from pathlib import Path
from typing import cast

import click
from playwright.sync_api import Browser, expect, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.servers import PostgreSQL
from GAN.profiles.catalogue import fleet_profile
from tests.waiting import eventually
from tests.web.conftest import CHROMIUM, FLAGS
from tests.web.plant import MACHINE, Plant, Service
from tests.web.reader import Reader, Theme
from tests.web.test_pages import PAGES, violations

STATES = ("filled", "empty", "disconnected", "not allowed", "error")
THEMES = ("light", "dark")
WIDTHS = (1440, 768, 390)

#: Console messages that belong to a state.
_ALLOWED = ("ERR_CONNECTION_REFUSED", "WebSocket", "404", "503")


@dataclass(frozen=True)
class Seen:
    """What was wrong with a page.

    Attributes:
        faults: Of axe, of cut texts, of sideways scrolling, of the console and the policy.
    """

    page: str
    state: str
    theme: str
    width: int
    faults: list[str]


def pairwise(*axes: Sequence[object]) -> list[tuple[object, ...]]:
    """Rows in which all pairs of values of two axes occur; few, not the fewest."""
    rows = list(product(*axes))
    places = list(combinations(range(len(axes)), 2))
    missing = {(one, row[one], other, row[other]) for row in rows for one, other in places}
    chosen = []
    while missing:
        best = max(rows, key=lambda row: sum(pair in missing for pair in _pairs(row, places)))
        chosen.append(best)
        missing.difference_update(_pairs(best, places))
    return chosen


def _pairs(
    row: tuple[object, ...], places: list[tuple[int, int]]
) -> Iterator[tuple[int, object, int, object]]:
    return ((one, row[one], other, row[other]) for one, other in places)


class Look:
    """A page in a window, which is looked at when its state is there.

    Args:
        row: Page, state, theme and width.
        cookies: Those of the reader's session, by name; without them the service needs none.
    """

    def __init__(
        self,
        row: tuple[object, ...],
        browser: Browser,
        address: str,
        cookies: Mapping[str, str] | None = None,
    ) -> None:
        name, state, theme, width = row
        self.name, self.state, self.theme = str(name), str(state), cast("Theme", theme)
        self.width = cast("int", width)
        self.reader = Reader(browser, address, self.width, self.theme)
        self.reader.allowed = _ALLOWED
        page = self.reader.page
        for name, value in (cookies or {}).items():
            page.context.add_cookies([{"name": name, "value": value, "url": address}])
        if self.state == "error":
            page.goto(PAGES[self.name])
            expect(page.locator(".bar, .problem").first).to_be_visible(timeout=60_000)
        else:
            self.reader.open(PAGES[self.name])
        page.wait_for_load_state("networkidle")

    def close(self, shots: Path | None) -> Seen:
        """Look at the page, and close it."""
        page, reader = self.reader.page, self.reader
        if shots is not None:
            name = f"{self.name}-{self.state.replace(' ', '-')}-{self.width}-{self.theme}.png"
            page.screenshot(path=shots / name, full_page=True)
        faults = [f"axe: {rule} {where}" for rule, where in violations(page)]
        faults += [f"cut: {text}" for text in reader.clipped()]
        faults += [] if reader.fits() else ["scrolls sideways"]
        try:
            reader.__exit__(None, None, None)
        except AssertionError as error:
            faults.append(f"console: {error}")
        return Seen(self.name, self.state, self.theme, self.width, faults)


def look(browser: Browser, folder: Path, shots: Path | None) -> Iterator[Seen]:
    """Look at all pages by pairs; every service is a real one."""
    rows = pairwise(tuple(PAGES), STATES, THEMES, WIDTHS)
    of = {state: [row for row in rows if row[1] == state] for state in STATES}
    with ExitStack() as services:
        plant = services.enter_context(Service(_made(folder / "plant"), "up"))
        Plant(plant).fill()
        for row in of["filled"]:
            yield Look(row, browser, plant.address).close(shots)
        empty = services.enter_context(Service(_made(folder / "empty"), "web"))
        bare = services.enter_context(_bare(_made(folder / "bare")))
        for row in of["empty"]:
            its = bare if MACHINE in PAGES[str(row[0])] else empty
            yield Look(row, browser, its.address).close(shots)
        twin = services.enter_context(Service(plant.folder, "web"))
        lost = [Look(row, browser, twin.address) for row in of["disconnected"]]
        twin.stop(signal.SIGKILL)
        for found in lost:
            expect(found.reader.page.locator(".bar")).to_be_visible(timeout=60_000)
            yield found.close(shots)
        cookies = _session(plant)
        for row in of["not allowed"]:
            yield Look(row, browser, plant.address, cookies).close(shots)
    with _without_ledger(_made(folder / "error")) as address:
        for row in of["error"]:
            yield Look(row, browser, address).close(shots)


@contextmanager
def _without_ledger(folder: Path) -> Iterator[str]:
    """The address of a service whose ledger has gone away."""
    with PostgreSQL() as ledger:
        service = Service(folder, "web", FLEETFORGE_DATABASE_URL=ledger.url)
        service.run("db", "upgrade")
        with service:
            ledger.stop()
            yield service.address
        ledger.start()


def _session(service: Service) -> dict[str, str]:
    """The cookies of a session that may only read; the service asks for tokens from now on."""
    token = service.run("tokens", "create", "viewer", "--scope", "read").strip()
    eventually(lambda: service.http.get("/api/gan/machines").status_code == 401, 10)
    assert service.http.post("/api/session", json={"token": token}).is_success
    return dict(service.http.cookies)


@contextmanager
def _bare(folder: Path) -> Iterator[Service]:
    """A service with a machine and a unit, for which nothing was done yet."""
    with Service(folder, "web") as service:
        profile = fleet_profile(MACHINE)
        service.post("/api/gan/machines?start=false", profile.model_dump(mode="json"))
        values = {sensor.name: sensor.normal.min for sensor in profile.sensors}
        sent = [{"unit": "west", "at": Plant(service).now(), "readings": values}]
        service.post(f"/api/gan/machines/{MACHINE}/readings", {"readings": sent})
        yield service


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@click.command()
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write what was seen here.")
def main(target: Path | None) -> None:
    """Print what is wrong with which page; FLEETFORGE_SHOTS=folder keeps pictures."""
    named = os.environ.get("FLEETFORGE_SHOTS")
    shots = Path(named) if named else None
    if shots is not None:
        shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        seen = list(look(browser, Path(folder), shots))
        browser.close()
    faulty = [one for one in seen if one.faults]
    table = Table("page", "state", "theme", "width", "faults", title=f"{len(seen)} views")
    for one in faulty:
        table.add_row(one.page, one.state, one.theme, str(one.width), "\n".join(one.faults))
    Console().print(table if faulty else f"{len(seen)} views of {len(PAGES)} pages: no fault")
    if target is not None:
        target.write_text(json.dumps([asdict(one) for one in seen], indent=1) + "\n")
    raise SystemExit(bool(faulty))


if __name__ == "__main__":
    main()
