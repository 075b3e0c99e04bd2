"""A page that follows the fleet over `/ws/fleet?v=2`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.integration.following import Follower, following
from tests.integration.serving import Http

FLEET = "/ws/fleet?v=2&every=100"


class Page:
    """A page that keeps what it has received, as the documentation says."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.machines: dict[str, dict[str, Any]] = {}
        self.units: dict[tuple[str, str | None], dict[str, Any]] = {}
        self.received: list[dict[str, Any]] = []
        self.synced: dict[str, Any] = {}
        while not self.synced:
            self.take()

    def take(self) -> dict[str, Any]:
        message = self.follower.next()
        self.received.append(message)
        assert message["v"] == 2
        if message["type"] == "states":
            self.machines |= {one["machine_id"]: one for one in message["machines"]}
            self.units |= {(one["machine_id"], one.get("unit")): one for one in message["units"]}
        elif message["type"] == "removed":
            for machine_id in message["machine_ids"]:
                del self.machines[machine_id]
                self.units = {key: one for key, one in self.units.items() if key[0] != machine_id}
            for machine_id, unit in message["units"]:
                del self.units[machine_id, unit]
        elif message["type"] == "synced":
            self.synced = message
        return message

    def until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self.take()

    @property
    def seq(self) -> int:
        return max(one["seq"] for one in [*self.machines.values(), *self.units.values()])


def page_of(http: Http, path: str = FLEET) -> Iterator[Page]:
    with following(http, path) as follower:
        yield Page(follower)
