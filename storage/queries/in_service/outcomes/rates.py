"""Shares and rates with 90 % intervals: a figure of few cases says little, and shows it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

#: 95 % quantile of the standard normal distribution: both ends of a 90 % interval.
_Z = 1.6448536269514722


@dataclass(frozen=True)
class Share:
    """How many of some cases are so.

    Attributes:
        count: Cases that are so.
        of: All cases.
        share: `count / of`; None without a case.
        low: Start of the 90 % interval (Wilson, 1927); None without a case.
        high: End of it.
    """

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None

    @classmethod
    def among(cls, cases: Iterable[bool]) -> Self:
        """The share of the cases that are true."""
        listed = list(cases)
        count, of = sum(listed), len(listed)
        if not of:
            return cls(0, 0, None, None, None)
        share, square = count / of, _Z * _Z
        middle = (share + square / (2 * of)) / (1 + square / of)
        half = _Z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of**2))
        # At 0 and 1 the ends are those numbers; rounding must not move them.
        low = 0.0 if count == 0 else max(0.0, middle - half)
        high = 1.0 if count == of else min(1.0, middle + half)
        return cls(count, of, share, low, high)


@dataclass(frozen=True)
class Rate:
    """How often something happens in 1,000 hours.

    Attributes:
        count: How often it happened.
        hours: In how many hours.
        per_1000_hours: The rate; None without an hour.
        low: Start of the 90 % interval of a Poisson count (Byar's formula); None without an hour.
        high: End of it.
    """

    count: int
    hours: float
    per_1000_hours: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, count: int, hours: float) -> Self:
        """The rate of a count in some hours."""
        if hours <= 0:
            return cls(count, 0.0, None, None, None)
        low = count * (1 - 1 / (9 * count) - _Z / (3 * math.sqrt(count))) ** 3 if count else 0.0
        more = count + 1
        high = more * (1 - 1 / (9 * more) + _Z / (3 * math.sqrt(more))) ** 3
        thousands = hours / 1000
        return cls(count, hours, count / thousands, low / thousands, high / thousands)
