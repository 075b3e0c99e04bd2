"""A model as built-in types and arrays, so that a pickle of it opens without Fleetforge."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from GAN.datasets.provenance import SeedOrigin
from GAN.synthesis.trajectories import Course, Courses, Noise
from GAN.tvae.aggregate_posterior import CodeLaw
from GAN.tvae.columns import Labels, Numbers
from GAN.tvae.model import TableModel

_CLASSES = {
    kind.__name__: kind
    for kind in (CodeLaw, Course, Courses, Labels, Noise, Numbers, SeedOrigin, TableModel)
}


def to_plain(value: Any) -> Any:
    """Our dataclasses as dictionaries that name their class; all else as it is."""
    if is_dataclass(value):
        return {
            "class": type(value).__name__,
            **{field.name: to_plain(getattr(value, field.name)) for field in fields(value)},
        }
    if isinstance(value, (tuple, list)):
        return tuple(to_plain(item) for item in value)
    return value


def from_plain(plain: Any) -> Any:
    """The opposite of `to_plain`."""
    if isinstance(plain, dict):
        kind = _CLASSES[plain["class"]]
        return kind(**{name: from_plain(plain[name]) for name in plain if name != "class"})
    if isinstance(plain, tuple):
        return tuple(from_plain(item) for item in plain)
    return plain
