"""Held-out synthetic lives, played as readings of units in service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from GAN.layout import split_key
from GAN.telemetry.batch import SentRow
from storage.artifacts import registry
from storage.artifacts.store import ArtifactStore

_MS_PER_HOUR = 3_600_000

#: Columns of a synthetic set that are no sensors.
_NO_SENSORS = ("unit_id", "cycle_hour", "rul_hours", "failure_mode")


@dataclass(frozen=True)
class HeldOutLife:
    """A life of a test set.

    Attributes:
        hours: Hours in service of each row.
        values: Reading by sensor of each row.
        failure_mode: How it ends.
    """

    hours: list[float]
    values: list[dict[str, float]]
    failure_mode: str

    @property
    def length(self) -> float:
        """Hours until it fails."""
        return self.hours[-1]


def held_out_lives(machine_id: str, store: ArtifactStore) -> list[HeldOutLife]:
    """The lives of a machine's test set; empty if it has none."""
    from pyarrow import parquet

    file = registry.newest(machine_id, split_key(machine_id, "test"))
    if file is None:
        return []
    table = parquet.read_table(store.fetch(file.staged_key, file.sha256)).to_pydict()
    sensors = [name for name in table if name not in _NO_SENSORS]
    units = table["unit_id"]
    starts = [0, *(n for n in range(1, len(units)) if units[n] != units[n - 1]), len(units)]
    return [
        HeldOutLife(
            table["cycle_hour"][first:end],
            [{name: table[name][n] for name in sensors} for n in range(first, end)],
            table["failure_mode"][first],
        )
        for first, end in pairwise(starts)
    ]


class PlayedUnit:
    """A unit that lives one held-out life after the other.

    Args:
        machine_id: Its machine.
        unit: Its name.
        lives: Its lives; after the last one, the first one comes again.
        began_at: When it begins, ms since 1970.

    Attributes:
        newest_at: Time of its newest row.
    """

    def __init__(self, machine_id: str, unit: str, lives: list[HeldOutLife], began_at: int) -> None:
        self.machine_id = machine_id
        self.unit = unit
        self._lives = lives
        self._number = 0
        self._next_row = 0
        self._began_at = began_at
        self.newest_at = began_at

    @property
    def life(self) -> HeldOutLife:
        """The life that it lives now."""
        return self._lives[self._number % len(self._lives)]

    @property
    def fails_at(self) -> int:
        """When it will fail, ms since 1970."""
        return self._began_at + round(self.life.length * _MS_PER_HOUR)

    def rows_until(self, now: int) -> Iterator[SentRow]:
        """The rows that come until a time, each once, ms since 1970."""
        life = self.life
        while self._next_row < len(life.hours):
            at = self._began_at + round(life.hours[self._next_row] * _MS_PER_HOUR)
            if at > now:
                return
            yield SentRow(
                f"row {self._next_row}", self.machine_id, self.unit, at, life.values[self._next_row]
            )
            self._next_row += 1
            self.newest_at = at

    def begin_again(self, at: int) -> None:
        """Begin the next life.

        Args:
            at: When the last one ended, ms since 1970.
        """
        self._number += 1
        self._next_row = 0
        self._began_at = at + 1
