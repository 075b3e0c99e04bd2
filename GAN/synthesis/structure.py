"""What a model of lives found in its seed: regimes, groups of units, cycles and counters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from GAN.synthesis.life_model import LifeModel

#: Of more names than these, the rest is counted.
MOST_NAMES = 6


def structure(lives: LifeModel) -> tuple[str, ...]:
    """What was found, and new lives keep: a sentence each, or nothing."""
    return (*_regimes(lives), *_groups(lives), *_cycles(lives), *_counters(lives))


def _regimes(lives: LifeModel) -> Iterator[str]:
    if lives.regimes is not None:
        settings = [lives.columns[index].name for index in lives.regimes.settings]
        yield f"{len(lives.regimes.codes)} operating regimes, set by {_some(settings)}"


def _groups(lives: LifeModel) -> Iterator[str]:
    # A mode with few units has learnt from units of all modes, so they would be named twice.
    groups = {tuple(np.bincount(one.units.groups)) for one in lives.trajectories.trajectories}
    for sizes in sorted(groups):
        if len(sizes) > 1:
            what = f"{len(sizes)} groups of units with a wide gap between their readings"
            yield f"{what}: {', '.join(map(str, sizes))} units"


def _cycles(lives: LifeModel) -> Iterator[str]:
    trajectories = lives.trajectories
    amplitudes = [one.cycles for one in trajectories.trajectories if one.periods]
    if amplitudes:
        _, _, follows = np.nonzero(np.concatenate(amplitudes))
        names = [trajectories.sensors[index] for index in np.unique(follows)]
        yield f"daily or weekly cycles in {_some(names)}"


def _counters(lives: LifeModel) -> Iterator[str]:
    for names, way in ((lives.rising, "falls"), (lives.falling, "rises")):
        if names:
            yield f"{_some(names)}: never {way} within a life"


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
