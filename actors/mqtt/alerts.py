"""Alerts as messages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from errors import LedgerUnavailable
from events.vocabulary import AlertCleared, AlertRaised
from storage.queries import pages

LOOK_SECONDS = 1.0
_TYPES = (AlertRaised.__name__, AlertCleared.__name__)
_MOST = 500


class AlertFeed:
    """Publishes the alerts that are raised and cleared from now on."""

    def __init__(self, prefix: str, publish: Callable[[str, str], None]) -> None:
        """Make a feed.

        Args:
            prefix: The topic is `{prefix}/{machine}/{unit}`.
            publish: Publishes a payload under a topic.
        """
        self._prefix, self._publish = prefix, publish
        self._last: int | None = None
        self._next_look = 0.0

    def look(self) -> None:
        """Publish what is new, once a second; while the ledger is away, wait for it."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_SECONDS
        try:
            if self._last is None:
                newest = pages.events(descending=True, limit=1)
                self._last = newest[0].id if newest else 0
            found = pages.events(after=self._last, limit=_MOST)
        except LedgerUnavailable:
            return
        for event in found:
            self._last = event.id
            if event.type in _TYPES:
                facts = {
                    "type": event.type,
                    "event_id": event.id,
                    "machine_id": event.machine_id,
                    "occurred_at": event.occurred_at,
                    **event.payload,
                }
                topic = f"{self._prefix}/{event.machine_id}/{event.payload['unit']}"
                self._publish(topic, json.dumps(facts, ensure_ascii=False))
