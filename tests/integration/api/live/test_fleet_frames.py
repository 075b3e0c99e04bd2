"""`/ws/fleet?v=2`: frames, coming back, and wrong queries; on both databases."""

from __future__ import annotations

from itertools import pairwise

import pytest

from api.live import fleet_socket, sockets
from api.live.fleet_states import FleetStates, Look
from errors import LedgerUnavailable
from storage.database import database, execute, transaction
from storage.ledger import leases
from storage.operations import control
from tests.integration.api.live.page import FLEET, Page, page_of
from tests.integration.conftest import add_machine
from tests.integration.following import begun, following
from tests.integration.serving import Http
from tests.integration.telemetry.plant import Plant
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("often")


def test_an_empty_fleet_is_synced_at_once(page: Page) -> None:
    assert page.received == [page.synced]
    assert (page.synced["machines"], page.synced["units"]) == (0, 0)
    assert "machine_ids" not in page.synced


def test_frames_hold_five_hundred_states_and_tell_how_many_there_are(http: Http) -> None:
    with transaction():
        for number in range(1_100):
            add_machine(f"pump_{number}")
    for page in page_of(http):
        frames = page.received[:-1]
        assert [len(frame["machines"]) for frame in frames] == [500, 500, 100]
        assert all(frame["first"] for frame in frames)
        assert len(page.machines) == page.synced["machines"] == 1_100


def test_many_changes_of_a_machine_are_one_state_in_a_frame(http: Http) -> None:
    claim = begun(http)
    for page in page_of(http, "/ws/fleet?v=2&every=1000"):
        for percent in range(1, 100):
            leases.report_progress(claim, percent, "on")
        page.until(lambda page=page: page.machines["pump_1"]["progress"] == 99)
        frames = [one for one in page.received if one["type"] == "states" and not one["first"]]
        assert len(frames) <= 4
        apart = [b["ts"] - a["ts"] for a, b in pairwise(frames)]
        assert all(gap >= 950 for gap in apart)


def test_a_page_that_comes_back_gets_what_has_changed_and_what_there_is(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_socket, "_MARGIN", 0)
    for name in ("pump_1", "pump_2", "pump_3"):
        http.create(name, start=False)
    for page in page_of(http):
        seq = page.seq
    control.delete_machine("pump_3")
    http.create("pump_2b")
    for page in page_of(http, f"{FLEET}&since={seq}"):
        assert list(page.machines) == ["pump_2b"]
        assert page.synced["machine_ids"] == ["pump_1", "pump_2", "pump_2b"]


@pytest.mark.usefixtures("never_whole")
def test_a_machine_that_takes_the_place_of_another_is_seen_at_once(http: Http, page: Page) -> None:
    http.create("pump_1", start=False)
    page.until(lambda: "pump_1" in page.machines)
    with transaction():
        control.delete_machine("pump_1")
        add_machine("pump_2")
    page.until(lambda: list(page.machines) == ["pump_2"])


def test_a_number_of_another_ledger_is_taken_for_none(http: Http) -> None:
    http.create("pump_1", start=False)
    for page in page_of(http, f"{FLEET}&since=9000000000000000"):
        assert list(page.machines) == ["pump_1"]


@pytest.mark.usefixtures("never_whole")
def test_what_a_look_finds_before_the_ledger_fails_is_shown_later(
    http: Http, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = []
    look = FleetStates.look

    def counted(states: FleetStates) -> Look:
        try:
            return look(states)
        except LedgerUnavailable as error:
            failed.append(str(error))
            raise

    def rename(old: str, new: str) -> None:
        with transaction():
            execute(f"ALTER TABLE {old} RENAME TO {new}")

    monkeypatch.setattr(FleetStates, "look", counted)
    rename("predictors", "hidden")
    http.create("pump_1")  # A look fails after it has read the machine.
    eventually(lambda: len(failed) > 2)
    assert "predictors" in failed[0]
    rename("hidden", "predictors")
    page.until(lambda: "pump_1" in page.machines)


def test_a_page_may_ask_for_one_machine_or_one_category(http: Http) -> None:
    http.create("pump_1", start=False)
    http.create("fan_1", start=False, machine_type="fan")
    category = http.get("/api/gan/machines/fan_1").json()["category"]
    for page in page_of(http, f"{FLEET}&machine=pump_1"):
        assert (list(page.machines), page.synced["machines"]) == (["pump_1"], 1)
    for page in page_of(http, f"{FLEET}&category={category}"):
        assert (list(page.machines), page.synced["machines"]) == (["fan_1"], 1)
        http.create("pump_2", start=False)
        http.create("fan_2", start=False, machine_type="fan")
        page.until(lambda page=page: "fan_2" in page.machines)
        assert list(page.machines) == ["fan_1", "fan_2"]


def test_when_nothing_changes_nothing_is_sent_but_pings(
    http: Http, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "PING_SECONDS", 1.5)
    plant.add_machine()
    plant.train()
    plant.send(plant.life()[:5])
    plant.work()
    for page in page_of(http):
        assert [page.take()["type"] for _ in range(3)] == ["ping"] * 3


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("v=3", "write 1 or 2"),
        ("v=2&every=50", "write 100 to 5000"),
        ("v=2&every=x", "write 100 to 5000"),
        ("v=2&since=-1", "write the highest seq"),
        ("v=2&machine=..", "no machine id"),
        ("v=2&category=%00", "no category"),
    ],
)
def test_a_wrong_query_is_refused_with_what_to_write(http: Http, query: str, reason: str) -> None:
    with following(http, f"/ws/fleet?{query}") as follower:
        code, said = follower.close_code()
    assert code == 4422
    assert reason in said


def test_while_the_ledger_is_away_the_socket_is_closed(http: Http) -> None:
    database.execute_sql("ALTER TABLE jobs RENAME TO hidden")
    with following(http, FLEET) as follower:
        assert follower.close_code()[0] == 1013
