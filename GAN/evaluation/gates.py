"""The gates: each metric that decides, with its limits, its result and its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import (
    SerializerFunctionWrapHandler,
    computed_field,
    field_validator,
    model_serializer,
)

from GAN.config.quality_gates import GATES, GUESSING, Limits
from GAN.evaluation.report_part import ReportPart
from GAN.evaluation.worth import Worth


class Light(StrEnum):
    """The result of comparing a metric with its limits."""

    GOOD = "good"
    USABLE = "usable"
    POOR = "poor"
    UNKNOWN = "not judged"


class Reference(ReportPart):
    """A value to compare a metric with; `meaning` says what has that value."""

    value: float
    meaning: str


class Gate(ReportPart):
    """One metric that decides whether the sets pass.

    Attributes:
        metric: Key of `GAN.config.quality_gates.GATES`; in reports of version 0.1 `name`, with
            that version's names.
        value: None where there is too little data; in reports of version 0.1 `figure`.
        good: Its limit for good.
        usable: Its limit for usable.
        light: The result.
        reference: A value to compare with, such as that of shuffled rows.
    """

    renamed: ClassVar = {"value": "figure", "metric": "name"}

    metric: str
    value: float | None
    good: float
    usable: float
    light: Light
    reference: Reference | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def title(self) -> str:
        """The metric in words."""
        return GATES[self.metric].title

    @computed_field  # type: ignore[prop-decorator]
    @property
    def question(self) -> str:
        """What the metric answers."""
        return GATES[self.metric].question

    @computed_field  # type: ignore[prop-decorator]
    @property
    def answer(self) -> str:
        """The answer to the question, without the value."""
        if self.light is Light.UNKNOWN:
            return self.light.value
        lights = (Light.GOOD, Light.USABLE, Light.POOR)
        return GATES[self.metric].answers[lights.index(self.light)]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def number(self) -> str:
        """The value in words; empty where there is none."""
        if self.value is None:
            return ""
        return GATES[self.metric].number.format(value=self.value, percent=100 * self.value)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def more_is_better(self) -> bool:
        """Whether the limits are the smallest good and usable values, not the largest."""
        return GATES[self.metric].more_is_better

    @field_validator("metric")
    @classmethod
    def _of_now(cls, name: str) -> str:
        return next((new for new, gate in GATES.items() if gate.old_name == name), name)

    @model_serializer(mode="wrap")
    def _with_old_keys(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written = super()._with_old_keys(serialize)
        return written | {"name": GATES[self.metric].old_name or self.metric}


@dataclass(frozen=True)
class Measured:
    """The value of a metric.

    Attributes:
        value: None where there is too little data.
        good: Its limit for good in this case; None: that of `GATES`. Likewise `usable`.
        reference: What it is compared with; None: the value in `GATES`, if any.
    """

    value: float | None
    good: float | None = None
    usable: float | None = None
    reference: Reference | None = None


def beyond_null(
    metric: str, value: float | None, null: float | None, meaning: str, ideal: float = GUESSING
) -> Measured:
    """A metric that is judged by how much worse than its null it is.

    Args:
        metric: Its name.
        value: Its value; None where there is too little data.
        null: Its value for data that are equally good by definition; None where there are none.
        meaning: What the null is.
        ideal: The null that the limits are made for; a better one counts as this. That of an AUC is
            guessing.
    """
    if value is None:
        return Measured(None)
    limits = GATES[metric]
    if null is None:
        return Measured(value)
    sign = -1.0 if limits.more_is_better else 1.0
    slack = sign * max(0.0, sign * (null - ideal))
    reference = Reference(value=null, meaning=meaning)
    return Measured(value, limits.good + slack, limits.usable + slack, reference)


def measured_worth(worth: Worth | None) -> Measured:
    """Good if the interval of the ratio is below 1, poor if it is above 1."""
    if worth is None:
        return Measured(None)
    return Measured(worth.ratio, worth.ratio / worth.high, worth.ratio / worth.low)


def gates(metrics: Mapping[str, Measured]) -> Iterator[Gate]:
    """Every gate, in the order of `GATES`."""
    for metric, limits in GATES.items():
        found = metrics[metric]
        good = limits.good if found.good is None else found.good
        usable = limits.usable if found.usable is None else found.usable
        yield Gate(
            metric=metric,
            value=found.value,
            good=good,
            usable=usable,
            light=_light(found.value, good, usable, limits.more_is_better),
            reference=found.reference or (None if found.value is None else _reference(limits)),
        )


def _light(value: float | None, good: float, usable: float, more_is_better: bool) -> Light:
    if value is None:
        return Light.UNKNOWN
    sign = -1.0 if more_is_better else 1.0
    if sign * value <= sign * good:
        return Light.GOOD
    return Light.USABLE if sign * value <= sign * usable else Light.POOR


def _reference(limits: Limits) -> Reference | None:
    if limits.reference is None:
        return None
    value, meaning = limits.reference
    return Reference(value=value, meaning=meaning)
