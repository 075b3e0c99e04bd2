"""A maintenance plan: which units are stopped when, who is left out, and what it costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from GAN.maintenance.expected_cost import Cost
from GAN.maintenance.request import Window


class LeftOutBecause(StrEnum):
    """Why a unit is in no window."""

    NO_ROOM = "no room"
    NOT_WORTH_IT = "stopping costs more than waiting"
    TOO_LATE = "it probably fails before the first window"
    TOO_LONG = "its stop is longer than every window"


@dataclass(frozen=True)
class Stop:
    """A unit that is stopped.

    Attributes:
        machine_id: Its machine type.
        unit: Its name.
        window: Index of its window in the plan.
        stop_hours: Hours that the stop takes.
        failure_probability: Probability that it fails before the window.
        cost: Its expected cost.
        saved: What it would cost more if it were left out.
        reason: Why it is stopped, one sentence.
    """

    machine_id: str
    unit: str
    window: int
    stop_hours: float
    failure_probability: float
    cost: Cost
    saved: float
    reason: str


@dataclass(frozen=True)
class LeftOut:
    """A unit that is not stopped.

    Attributes:
        machine_id: Its machine type.
        unit: Its name.
        failure_probability: Probability that it fails within the horizon.
        cost: Its expected cost.
        because: Why it is in no window.
        reason: The same with figures, one sentence.
    """

    machine_id: str
    unit: str
    failure_probability: float
    cost: Cost
    because: LeftOutBecause
    reason: str


@dataclass(frozen=True)
class WindowUse:
    """A window, and what the plan uses of it.

    Attributes:
        window: The window with its capacity.
        units: Units that are stopped in it.
        work_hours: Hours of work in it.
    """

    window: Window
    units: int
    work_hours: float


@dataclass(frozen=True)
class RuleCost:
    """What another rule costs with the same windows and capacity.

    Attributes:
        rule: `run to failure`, `fixed age` or `threshold`.
        expected_cost: Its expected cost, by the same model.
        expected_failures: Units that fail, in the mean.
        stops: Units that it stops in some window.
    """

    rule: str
    expected_cost: float
    expected_failures: float
    stops: int


@dataclass(frozen=True)
class Plan:
    """A plan for some windows.

    Attributes:
        made_for: Time of the newest forecast.
        horizon_end: End of the time in which failures of units that are left out count.
        windows: The windows in order of their starts, and what is used of them.
        stops: Stopped units, in order of windows and names.
        left_out: The others, the most expensive first.
        expected_cost: Expected cost of all units.
        expected_failures: Units that fail, in the mean.
        at_most_above_best: No plan is cheaper by more than this.
        rules: What other rules cost. Fixed age is missing if no type has lifetimes.
    """

    made_for: datetime
    horizon_end: datetime
    windows: tuple[WindowUse, ...]
    stops: tuple[Stop, ...]
    left_out: tuple[LeftOut, ...]
    expected_cost: float
    expected_failures: float
    at_most_above_best: float
    rules: tuple[RuleCost, ...]

    def window_of(self, stop: Stop) -> Window:
        """The window of a stop."""
        return self.windows[stop.window].window

    def as_json(self) -> dict[str, Any]:
        """The plan with built-in types only; times are ISO 8601 with an offset."""
        found: dict[str, Any] = _built_in(asdict(self))
        for each, entry in zip(self.stops, found["stops"], strict=True):
            entry["expected_cost"] = each.cost.total
        for other, entry in zip(self.left_out, found["left_out"], strict=True):
            entry["expected_cost"] = other.cost.total
        return found


def _built_in(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _built_in(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_built_in(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value
