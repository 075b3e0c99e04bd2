"""A site with units whose levels change, and a process that sends, in this process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from actors.webhooks.notifier import Notifier
from storage.database import clock_ms, execute, reading, transaction
from storage.delivery import deliveries, webhooks
from storage.queries.in_service import alerts as alert_queries
from storage.status import UnitLevel
from storage.telemetry import alerts, units
from storage.telemetry.alerts import AlertChange
from storage.telemetry.unit_state import KeptPrediction, NewState
from tests.integration.conftest import add_machine
from tests.integration.delivery.receivers import Receiver
from tests.waiting import eventually


class Site:
    """A site on an open ledger."""

    def __init__(self) -> None:
        self.notifier = Notifier(private=True, seconds=0.5)

    def add(self, machine_id: str = "press_1", count: int = 8) -> None:
        add_machine(machine_id)
        with transaction():
            names = {str(number): 1_000 for number in range(1, count + 1)}
            units.add(machine_id, names, 1_000)

    def webhook(self, receiver: Receiver) -> webhooks.NewWebhook:
        return webhooks.add(receiver.url, "test", private=True)

    def level(
        self,
        level: UnitLevel,
        names: Iterable[object] = (1,),
        cause: str = "novelty",
        machine_id: str = "press_1",
    ) -> list[AlertChange]:
        """Units reach a level; one transaction, as a job has it."""
        states = self.states(level, names, cause, machine_id)
        with transaction():
            return alerts.follow(machine_id, states)

    def states(
        self,
        level: UnitLevel,
        names: Iterable[object],
        cause: str = "novelty",
        machine_id: str = "press_1",
    ) -> list[NewState]:
        """What a job has found out about units that reach a level."""
        listed = [str(name) for name in names]
        with reading():
            keys = units.keys_of(machine_id, listed)
        return [self._state(keys[name], level, cause) for name in listed]

    def _state(self, key: units.UnitKey, level: UnitLevel, cause: str) -> NewState:
        return NewState(
            unit_id=key.id,
            unit=key.unit,
            life=1,
            condition_was=0,
            basis_was=None,
            condition_at=clock_ms(),
            condition=b"",
            condition_basis="",
            latest="{}",
            rul_hours=100.0,
            kept=kept(f"unit {key.unit} is odd"),
            level=level,
            level_was=UnitLevel.HEALTHY,
            calm_since=None,
            cause=cause,
        )

    def pass_time(self, seconds: float) -> None:
        """Everything that is in the ledger happened so much earlier."""
        ms = round(seconds * 1000)
        with transaction():
            for table, columns in _TIMES.items():
                moved = ", ".join(f"{column} = {column} - :ms" for column in columns)
                execute(f"UPDATE {table} SET {moved}", ms=ms)

    def send(self, seconds: float = 60) -> None:
        """Send what is due within so many seconds, once each."""
        self.pass_time(seconds)
        while True:
            self.notifier.look()
            eventually(lambda: self.notifier.idle, 10)
            self.notifier.record()
            if not deliveries.webhooks_with_due():
                break

    def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with reading():
            return execute(statement, **parameters)

    def waiting(self) -> list[tuple[Any, ...]]:
        """Type, attempts and error of each message that is not sent."""
        return self.rows(
            """SELECT type, attempts, last_error FROM deliveries
            WHERE sent_at IS NULL AND given_up_at IS NULL ORDER BY id"""
        )

    def alerts(self) -> list[alert_queries.AlertRow]:
        return alert_queries.alerts(limit=100)


_TIMES = {
    "deliveries": ("created_at", "due_at"),
    "alerts": ("raised_at", "risen_at", "silenced_until"),
    "incidents": ("began_at", "grew_at"),
    "silences": ("starts_at", "ends_at"),
}


def kept(sentence: str) -> KeptPrediction:
    """A prediction with these reasons."""
    return KeptPrediction(
        failure_class="bearing",
        probability=0.5,
        probability_24h=0.1,
        probabilities="{}",
        rul_hours=100.0,
        rul_low_hours=50.0,
        rul_high_hours=150.0,
        anomaly_score=None,
        anomaly_limit=None,
        strangeness=None,
        health=None,
        explanation="{}",
        sentence=sentence,
    )
