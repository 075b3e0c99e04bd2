"""The states of the fleet: what clients are shown of each machine and of each unit.

A look reads only what may have changed, and compares it with what was shown. Every state that has
changed gets the time of the look as its number, `seq`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from actors.chain_progress import ChainProgress
from api.responses.models import Machine
from storage.queries import machines
from storage.queries.in_service import watching
from storage.queries.in_service.watching import Changes, Trace, UnitFacts
from storage.queries.machines import MachineState
from storage.queries.task_states import LATEST_COMMIT
from storage.status import MachineStatus

#: How often all machines and units are compared, ms.
WHOLE_LOOK_MS = 30_000
_OPEN = (MachineStatus.PENDING, MachineStatus.RUNNING, MachineStatus.STALE)

#: Fields of a prediction that are shown.
SHOWN = (
    "based_on",
    "rul_hours",
    "rul_low_hours",
    "rul_high_hours",
    "planning_hours",
    "probability_24h",
    "novelty",
    "novelty_limit",
    "strangeness",
)


class Key(NamedTuple):
    """What a state is of: a machine (`unit` is None) or a unit (empty: of a machine without)."""

    machine_id: str
    unit: str | None


@dataclass(frozen=True, slots=True)
class State:
    """The state of a machine or of a unit.

    Attributes:
        text: JSON.
        seq: Higher for a later state.
        category: Of the machine.
    """

    text: str
    seq: int
    category: str


@dataclass(frozen=True)
class Look:
    """What a look has found: what is gone, and new states, which may be of the same."""

    changed: dict[Key, State] = field(default_factory=dict)
    removed: set[Key] = field(default_factory=set)

    def remove(self, key: Key) -> None:
        """Note that something is gone."""
        self.changed.pop(key, None)
        self.removed.add(key)


@dataclass
class _Unit:
    facts: UnitFacts
    prediction: dict[str, Any] = field(default_factory=dict)
    cadence_ms: int | None = None
    cadence_of: int = 0


class FleetStates:
    """The states of all machines and units, as of the last look. Not for several threads at once.

    Args:
        silent_hours: A unit whose newest readings came longer ago has no forecast.
        progress: Of the runs of all machines.
    """

    def __init__(self, silent_hours: float, progress: ChainProgress) -> None:
        self._silent_hours = silent_hours
        #: What this look has found until now, and earlier ones that failed half-way.
        self._found = Look()
        self._traces: deque[Trace] = deque()
        self._whole_at = float("-inf")
        self._progress = progress
        self._machines: dict[str, tuple[MachineState, float | None]] = {}
        self._working: set[str] = set()
        self._units: dict[str, dict[str, _Unit]] = {}

    def look(self) -> Look:
        """Read what may have changed, and compare it.

        Raises:
            LedgerUnavailable: The ledger does not answer.
        """
        now = watching.trace()
        looked = self._found
        if not self._traces or now.clock - self._whole_at >= WHOLE_LOOK_MS:
            self._look_at_all(looked, now.clock)
            self._whole_at = now.clock
        else:
            self._look_at_changes(looked, now)
        self._traces.append(now)
        while self._traces[0].clock < now.clock - 2 * LATEST_COMMIT:
            self._traces.popleft()
        self._found = Look()
        return looked

    def _look_at_all(self, looked: Look, seq: int) -> None:
        found = machines.machines()
        self._forget(looked, self._machines.keys() - {state.machine_id for state in found})
        self._show_machines(looked, found, seq)
        known = {machine_id: set(units) for machine_id, units in self._units.items()}
        self._show_units(looked, watching.all_units(self._silent_hours), known, seq)

    def _look_at_changes(self, looked: Look, now: Trace) -> None:
        changes = watching.changes(self._traces)
        if now.machines != self._traces[-1].machines or changes.machines - self._machines.keys():
            there = watching.machine_ids()
            self._forget(looked, self._machines.keys() - there)
            changes.machines.update(there - self._machines.keys())
        # A job that waited or ran at the last look may have ended without an event.
        asked = changes.machines | self._working
        if asked:
            self._show_machines(looked, machines.machines_by_id(asked), now.clock)
        facts, known = self._changed_units(changes)
        if facts or known:
            self._show_units(looked, facts, known, now.clock)

    def _changed_units(self, changes: Changes) -> tuple[list[UnitFacts], dict[str, set[str]]]:
        """The units that may have changed, and which units the machines had that are read whole."""
        facts: list[UnitFacts] = []
        known: dict[str, set[str]] = {}
        if changes.predicted:
            facts = watching.units_of(changes.predicted, self._silent_hours)
            known = {name: set(self._units.get(name, ())) for name in changes.predicted}
        others = changes.units - {one.unit_id for one in facts}
        if others:
            facts += watching.units_by_id(others, self._silent_hours)
        return facts, known

    def _forget(self, looked: Look, machine_ids: Iterable[str]) -> None:
        for machine_id in machine_ids:
            del self._machines[machine_id]
            self._working.discard(machine_id)
            self._progress.forget(machine_id)
            looked.remove(Key(machine_id, None))
            for unit in self._units.pop(machine_id, {}):
                looked.remove(Key(machine_id, unit))

    def _show_machines(self, looked: Look, found: Collection[MachineState], seq: int) -> None:
        runs = self._progress.of(found)
        for state in found:
            before = self._machines.get(state.machine_id)
            if before is not None and before[0].created_at != state.created_at:
                self._forget(looked, [state.machine_id])  # It was deleted and created again.
            run, progress = runs.get(state.machine_id, (None, None))
            if self._machines.get(state.machine_id) == (state, progress):
                continue
            self._machines[state.machine_id] = (state, progress)
            if state.status in _OPEN:
                self._working.add(state.machine_id)
            else:
                self._working.discard(state.machine_id)
            shown = Machine.of(state, progress).model_dump(exclude_none=True) | {"seq": seq}
            if run is not None:
                shown["run"] = run.event_id
            key = Key(state.machine_id, None)
            looked.changed[key] = State(_json(shown), seq, state.category)

    def _show_units(
        self, looked: Look, found: list[UnitFacts], known: dict[str, set[str]], seq: int
    ) -> None:
        """Show the units that have changed, and remove the known ones that were not found."""
        for facts in found:
            known.get(facts.machine_id, set()).discard(facts.unit)
        for machine_id, gone in known.items():
            for name in gone & self._units.get(machine_id, {}).keys():
                del self._units[machine_id][name]
                looked.remove(Key(machine_id, name))
        # A unit's machine may be newer than the machines that were read: the next look has both.
        changed = [one for one in found if one.machine_id in self._machines]
        changed = [one for one in changed if self._has_changed(one)]
        # All is read before anything is noted: what is noted is not looked at again.
        predictions = self._predictions(changed)
        cadences = watching.cadences(self._without_cadence(changed))
        for facts in changed:
            unit = self._units.setdefault(facts.machine_id, {}).setdefault(facts.unit, _Unit(facts))
            unit.facts = facts
            unit.prediction = predictions.get(Key(facts.machine_id, facts.unit), unit.prediction)
            if facts.unit_id in cadences:
                unit.cadence_ms, unit.cadence_of = cadences[facts.unit_id], facts.seen_at or 0
            category = self._machines[facts.machine_id][0].category
            text = _json(_unit(unit) | {"seq": seq})
            looked.changed[Key(facts.machine_id, facts.unit)] = State(text, seq, category)

    def _has_changed(self, facts: UnitFacts) -> bool:
        unit = self._units.get(facts.machine_id, {}).get(facts.unit)
        return unit is None or unit.facts != facts

    def _predictions(self, changed: list[UnitFacts]) -> dict[Key, dict[str, Any]]:
        """The predictions of units of which they may have changed."""
        stale = [facts for facts in changed if self._has_another_prediction(facts)]
        made = watching.predictions([one.unit_id for one in stale if one.unit_id is not None])
        without = [one for one in stale if one.unit_id not in made]
        priors = watching.priors({one.machine_id for one in without}) if without else {}
        return {
            Key(one.machine_id, one.unit): made.get(one.unit_id or 0)
            or priors.get(one.machine_id, {})
            for one in stale
        }

    def _has_another_prediction(self, facts: UnitFacts) -> bool:
        unit = self._units.get(facts.machine_id, {}).get(facts.unit)
        return unit is None or _of_prediction(unit.facts) != _of_prediction(facts)

    def _without_cadence(self, changed: list[UnitFacts]) -> list[int]:
        """Units that are new, or of which half of the readings are new since it was measured."""
        due = []
        for facts in changed:
            unit = self._units.get(facts.machine_id, {}).get(facts.unit, _Unit(facts))
            half = watching.CADENCE_READINGS // 2 * (unit.cadence_ms or 0)
            seen_at = facts.seen_at
            if facts.unit_id and seen_at and seen_at - unit.cadence_of >= half:
                due.append(facts.unit_id)
        return due


def _of_prediction(facts: UnitFacts) -> tuple[object, ...]:
    """What changes whenever the prediction of a unit does."""
    version = facts.predictor_version or facts.predictor_id
    return facts.unit_id, facts.life, facts.predicted_at, facts.rul_hours, version


def _unit(unit: _Unit) -> dict[str, Any]:
    facts = unit.facts._asdict() | {"unit": unit.facts.unit or None}
    said = {name: unit.prediction.get(name) for name in SHOWN}
    modes = {
        mode: p for mode, p in unit.prediction.get("probabilities", {}).items() if mode != "healthy"
    }
    likeliest = max(modes, key=modes.__getitem__) if modes else None
    shown = {
        **facts,
        **said,
        "cadence_ms": unit.cadence_ms,
        "mode": likeliest,
        "mode_probability": modes.get(likeliest) if likeliest else None,
        "why": unit.facts.why or None,
    }
    hidden = ("unit_id", "predictor_id")
    return {name: v for name, v in shown.items() if v is not None and name not in hidden}


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()
