"""The arithmetic of a sliding-window counter.

Requests are counted by the minute. Of the last minute as much counts as the rolling window of 60 s
still covers, as if its requests had come evenly. A window's requests are at most the limit if they
did; at most twice the limit if all of the last minute's came at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

WINDOW_SECONDS = 60
_WINDOW_MS = WINDOW_SECONDS * 1000


@dataclass(frozen=True)
class Count:
    """How a client stands with an endpoint, after its request was counted or refused.

    Attributes:
        limit: Requests a window.
        allowed: Whether the request may pass; one that may not was not counted.
        current: Requests of this minute that passed.
        last: Requests of the last minute that passed.
        elapsed_ms: How far this minute has gone, 0-59999.
    """

    limit: int
    allowed: bool
    current: int
    last: int
    elapsed_ms: int

    @property
    def remaining(self) -> int:
        """How many more requests would pass now."""
        used = self.last * (_WINDOW_MS - self.elapsed_ms) + self.current * _WINDOW_MS
        return max(0, (self.limit * _WINDOW_MS - used) // _WINDOW_MS)

    @property
    def reset_seconds(self) -> int:
        """Seconds until the next request passes; if one would pass now, until this minute ends."""
        left_ms = _WINDOW_MS - self.elapsed_ms
        if self.remaining:
            return ceil(left_ms / 1000)
        if self.current < self.limit:
            wait_ms = self._fades(self.last, self.current) - self.elapsed_ms
        else:
            wait_ms = left_ms + self._fades(self.current, 0)
        return max(1, ceil(wait_ms / 1000))

    def _fades(self, last: int, current: int) -> int:
        """When in a minute one more fits beside `current` and what is left of `last`, ms."""
        room = self.limit - current - 1
        return _WINDOW_MS - room * _WINDOW_MS // last if room < last else 0
