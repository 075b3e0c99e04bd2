"""A trained model as built-in types and arrays, so that its pickle opens without Fleetforge.

Classes and fields that were renamed after version 0.1 keep loading under their old names, and
fields that are no longer used are skipped: see `RENAMED_CLASSES`, `RENAMED_FIELDS` and
`REMOVED_FIELDS`. Written are the new names only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from GAN.datasets.provenance import SeedOrigin
from GAN.datasets.regimes import Regimes
from GAN.simulation.lifetime_distribution import LifetimeDistribution
from GAN.synthesis.latent_trajectories import Noise, Trajectories, Trajectory
from GAN.synthesis.life_model import LifeModel
from GAN.synthesis.trajectories import DegradationTrajectories, DegradationTrajectory
from GAN.synthesis.unit_distribution import UnitDistribution
from GAN.tvae.aggregate_posterior import LatentDistribution
from GAN.tvae.columns import Labels, Numbers
from GAN.tvae.model import TableModel

_CLASSES = {
    kind.__name__: kind
    for kind in (
        DegradationTrajectories,
        DegradationTrajectory,
        Labels,
        LatentDistribution,
        LifeModel,
        LifetimeDistribution,
        Noise,
        Numbers,
        Regimes,
        SeedOrigin,
        TableModel,
        Trajectories,
        Trajectory,
        UnitDistribution,
    )
}

#: Class names in models of version 0.1, and the names of now.
RENAMED_CLASSES: Mapping[str, str] = {
    "CodeLaw": "LatentDistribution",
    "Course": "Trajectory",
    "Courses": "Trajectories",
}
#: The same for fields, by the class's name of now. `MachineModel` is the model as a whole.
RENAMED_FIELDS: Mapping[str, Mapping[str, str]] = {
    "MachineModel": {"courses": "trajectories", "levelled": "unit_effect_sensors"},
    "Labels": {"levels": "categories"},
    "Numbers": {"plain": "z_score"},
    "TableModel": {"law": "latent_distribution"},
    "Trajectories": {"courses": "trajectories"},
}
#: Fields of version 0.1 that nothing reads any more: the quantile map of the latent codes.
REMOVED_FIELDS: Mapping[str, frozenset[str]] = {
    "LatentDistribution": frozenset({"knots", "values"})
}


def serialized(value: Any) -> Any:
    """Our dataclasses as dictionaries that name their class; everything else as it is."""
    if is_dataclass(value):
        return {
            "class": type(value).__name__,
            **{field.name: serialized(getattr(value, field.name)) for field in fields(value)},
        }
    if isinstance(value, (tuple, list)):
        return tuple(serialized(item) for item in value)
    return value


def deserialized(written: Any) -> Any:
    """The opposite of `serialized`, for models of this version and of 0.1.

    Raises:
        KeyError: A class is unknown.
        TypeError: A class lacks a field or has an unknown one.
    """
    if isinstance(written, dict):
        name = RENAMED_CLASSES.get(written["class"], written["class"])
        parts = {field: part for field, part in written.items() if field != "class"}
        return _CLASSES[name](**deserialized_fields(name, parts))
    if isinstance(written, tuple):
        return tuple(deserialized(item) for item in written)
    return written


def deserialized_fields(class_name: str, written: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of one class, under the names of now."""
    renamed = RENAMED_FIELDS.get(class_name, {})
    removed = REMOVED_FIELDS.get(class_name, frozenset())
    return {
        renamed.get(name, name): deserialized(part)
        for name, part in written.items()
        if name not in removed
    }
