"""The verdict: what the gates decide together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from GAN.config.quality_gates import GATES, Weight
from GAN.evaluation.gates import Gate, Light


@dataclass(frozen=True)
class Verdict:
    """Whether sets pass.

    Attributes:
        reasons: Why they do not; empty if they pass.
        with_care: They pass although they differ from the seed.
    """

    reasons: tuple[str, ...]
    with_care: bool

    @property
    def passed(self) -> bool:
        """Whether they pass."""
        return not self.reasons


def decide(gates: Sequence[Gate], violations: Sequence[str]) -> Verdict:
    """Decide by the worth first, and by the likeness only where no worth is shown.

    Args:
        gates: All gates.
        violations: The faults that the gate `violations` counts, one line each.
    """
    poor = [gate for gate in gates if gate.light is Light.POOR and gate.metric != "violations"]
    helps = any(gate.metric == "worth" and gate.light is Light.GOOD for gate in gates)
    failing = [gate for gate in poor if _fails(gate, helps)]
    reasons = (*violations, *map(reason, failing))
    return Verdict(
        reasons=reasons,
        with_care=not reasons and bool(poor),
    )


def _fails(gate: Gate, helps: bool) -> bool:
    weight = GATES[gate.metric].weight
    return weight is Weight.FAILS or (weight is Weight.FAILS_WITHOUT_WORTH and not helps)


def reason(gate: Gate) -> str:
    """Why a poor gate fails the sets: its value, the value to compare with, what would help."""
    limits = GATES[gate.metric]
    side = "below" if limits.more_is_better else "above"
    return "".join([f"{limits.title}: {gate.value:.3f} is {side} {gate.usable:.3g}", *_rest(gate)])


def _rest(gate: Gate) -> Iterator[str]:
    limits = GATES[gate.metric]
    if gate.reference is not None:
        yield f" ({gate.reference.meaning}: {gate.reference.value:.2f})"
    if limits.weight is Weight.FAILS_WITHOUT_WORTH:
        yield ", and the lives are not shown to help"
    yield f"; {limits.remedy}"
