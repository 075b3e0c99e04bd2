"""The quality report: the verdict on the synthetic sets of one machine, and all behind it."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import computed_field, model_validator

from GAN.evaluation.comparison import Comparison
from GAN.evaluation.gates import Gate, Light
from GAN.evaluation.likeness.fidelity import Fidelity
from GAN.evaluation.likeness.temporal import InTime
from GAN.evaluation.report_part import ReportPart
from GAN.evaluation.validity import SplitCheck
from GAN.evaluation.worth import Worth

#: Keys, and a gate, of reports of version 0.1: the worth has replaced them, or they decide nothing.
RETIRED, RETIRED_GATE = ("usefulness", "quality_score"), "error_ratio"


class SensorTrend(ReportPart):
    """How a sensor correlates with RUL, in the seed data and in the synthetic train set.

    A correlation is absent where a column is constant. Differences are synthetic minus seed.
    """

    name: str
    unit: str
    pearson_seed: float | None
    pearson_synthetic: float | None
    pearson_difference: float | None
    spearman_seed: float | None
    spearman_synthetic: float | None
    spearman_difference: float | None


class QualityReport(ReportPart):
    """The verdict on the synthetic sets of one machine, and the metrics behind it.

    Attributes:
        passed: Whether the sets may be used.
        reasons: Why the sets did not pass; empty when they did.
        with_care: They passed although they differ from the seed, as a rule because they help a RUL
            model.
        notes: What the user should know even if the sets passed.
        gates: The metrics that decide.
        rows: Metrics of single rows.
        in_time: Metrics of whole lives.
        shuffled_baseline: The metrics of whole lives for the same rows shuffled.
        worth: RUL errors with and without synthetic lives; None if there are too few real units.
        sensors: Correlations with RUL.
        splits: Contents of each set.
        shared_units: Units that are in more than one set.
        comparison: What plots show; None in reports of version 0.1.
    """

    renamed: ClassVar = {"shuffled_baseline": "in_a_bag"}

    machine_id: str
    profile_sha256: str
    passed: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    with_care: bool = False
    gates: tuple[Gate, ...]
    rows: Fidelity
    in_time: InTime
    shuffled_baseline: InTime
    worth: Worth | None = None
    sensors: tuple[SensorTrend, ...]
    splits: dict[str, SplitCheck]
    shared_units: int
    comparison: Comparison | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_retired_keys(cls, given: Any) -> Any:
        """Leave out what reports of version 0.1 have and this version does not know."""
        if not isinstance(given, dict):
            return given
        kept = {key: part for key, part in given.items() if key not in RETIRED}
        return kept | {"gates": [gate for gate in given["gates"] if _is_known(gate)]}

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdict(self) -> str:
        """The verdict in one sentence."""
        if not self.passed:
            return "Not good enough: the sets were rejected."
        if self.with_care:
            differs = ", ".join(gate.title for gate in self.gates if gate.light is Light.POOR)
            helped = "" if self.worth is None else f" A RUL model has {self.worth.text}."
            return f"Usable with care, because of: {differs}.{helped}"
        if not self.unjudged:
            return "Good enough to train a RUL model on."
        questions = "question" if self.unjudged == 1 else "questions"
        return f"Good enough to train a RUL model on, but {self.unjudged} {questions} not judged."

    @property
    def outcome(self) -> str:
        """Whether the sets passed, or why not, in a few words."""
        if not self.passed:
            return "; ".join(self.reasons)
        if self.with_care:
            return "passed, usable with care"
        if not self.unjudged:
            return "passed"
        return f"passed, {self.unjudged} of {len(self.gates)} metrics not judged"

    @property
    def unjudged(self) -> int:
        """Number of gates for which there is too little data."""
        return sum(gate.light is Light.UNKNOWN for gate in self.gates)


def _is_known(gate: Any) -> bool:
    return not isinstance(gate, dict) or gate.get("name") != RETIRED_GATE
