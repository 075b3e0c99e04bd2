"""The arithmetic of a sliding-window counter.

Requests are counted per minute. The rolling window of 60 s covers the current minute and a part of
the last one; the last minute's count is weighted by that part, as if its requests had come evenly.
If they did, no window passes more than the limit. If all of them came at the end of that minute, a
window can pass up to twice the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

WINDOW_SECONDS = 60
_WINDOW_MS = WINDOW_SECONDS * 1000


@dataclass(frozen=True)
class Count:
    """A client's requests to an endpoint, after the newest was counted or rejected.

    Attributes:
        limit: Requests per window.
        allowed: Whether the request may pass; a rejected request is not counted.
        current: Requests of this minute that passed.
        last: Requests of the last minute that passed.
        elapsed_ms: Time since this minute began, 0-59999 ms.
    """

    limit: int
    allowed: bool
    current: int
    last: int
    elapsed_ms: int

    @property
    def remaining(self) -> int:
        """How many more requests may pass now."""
        used = self.last * (_WINDOW_MS - self.elapsed_ms) + self.current * _WINDOW_MS
        return max(0, (self.limit * _WINDOW_MS - used) // _WINDOW_MS)

    @property
    def reset_seconds(self) -> int:
        """Seconds until the next request may pass; if one may pass now, until this minute ends."""
        left_ms = _WINDOW_MS - self.elapsed_ms
        if self.remaining:
            return ceil(left_ms / 1000)
        if self.current < self.limit:
            wait_ms = self._fades(self.last, self.current) - self.elapsed_ms
        else:
            wait_ms = left_ms + self._fades(self.current, 0)
        return max(1, ceil(wait_ms / 1000))

    def _fades(self, last: int, current: int) -> int:
        """When in a minute one more request fits, given `current` and the weighted `last`, ms."""
        room = self.limit - current - 1
        return _WINDOW_MS - room * _WINDOW_MS // last if room < last else 0
