"""How the science says how far it is; who listens is the caller's business."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Anything that takes progress: a terminal bar, a message channel, a list in a test."""

    def __call__(
        self,
        percent: float,
        message: str,
        *,
        epoch: int | None = None,
        loss: float | None = None,
    ) -> None:
        """Take one report.

        Args:
            percent: Share of this step that is done, 0 to 100, never falling within a step.
            message: One line for a person.
            epoch: Epochs trained so far, while training.
            loss: Mean loss of that epoch, while training.
        """


def silent(
    percent: float, message: str, *, epoch: int | None = None, loss: float | None = None
) -> None:
    """Progress that nobody wants to hear."""
