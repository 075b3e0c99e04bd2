"""The interface through which long steps report progress."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A receiver of progress reports: a terminal bar, a message channel, a list in a test."""

    def __call__(
        self,
        percent: float,
        message: str,
        *,
        epoch: int | None = None,
        loss: float | None = None,
    ) -> None:
        """Receive one report.

        Args:
            percent: Share of this step that is done, 0 to 100; it never falls within a step.
            message: One line for the user.
            epoch: Epochs trained so far, while training.
            loss: Mean loss of that epoch, while training.
        """


def silent(
    percent: float, message: str, *, epoch: int | None = None, loss: float | None = None
) -> None:
    """Ignore the report."""
