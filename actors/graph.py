"""The chain as declared, drawn."""

from __future__ import annotations

from collections.abc import Iterator

from actors.stage import STAGES
from events.vocabulary import Request


def edges() -> Iterator[tuple[str, str, str]]:
    """(event, stage, event) for each way through each stage, in the chain's order."""
    for stage in sorted(STAGES.values(), key=_depth):
        for before in stage.reacts_to:
            for after in stage.publishes:
                yield before.__name__, stage.name, after.__name__


def as_text() -> str:
    """One line a way: `MachineCreated ─► generate_seed ─► SeedReady`."""
    return "\n".join(f"{before} ─► {stage} ─► {after}" for before, stage, after in edges())


def as_mermaid() -> str:
    """A Mermaid flow chart: events rounded, stages square."""
    lines = ["flowchart LR"]
    for before, stage, after in edges():
        lines.append(f"    {before}([{before}]) --> {stage}[{stage}]")
        lines.append(f"    {stage}[{stage}] --> {after}([{after}])")
    return "\n".join(dict.fromkeys(lines))


def _depth(stage: object) -> int:
    """Fewest stages between this one and an event that no stage publishes; requests apart.

    A request may begin the chain at any stage.
    """
    made = {event for other in STAGES.values() for event in other.publishes}
    awaited = {event for other in STAGES.values() for event in other.reacts_to}
    reached = {event for event in awaited - made if not issubclass(event, Request)}
    for depth in range(len(STAGES)):
        ready = [other for other in STAGES.values() if set(other.reacts_to) & reached]
        if stage in ready:
            return depth
        reached |= {event for other in ready for event in other.publishes}
    return len(STAGES)
