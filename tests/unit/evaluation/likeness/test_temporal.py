"""Noise of the right order passes, and shuffled noise is found."""

from __future__ import annotations

import pytest

from GAN.config.quality_gates import GATES
from GAN.evaluation.likeness.temporal import (
    compare_in_time,
    movement,
    relative_noise_autocorrelation_error,
    shuffled_baseline,
)
from GAN.profiles.catalogue import fleet_profile
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import physics_seed
from GAN.synthesis.unit_effects import UnitEffects


@pytest.mark.parametrize("machine", ["pump_ksb_etanorm_006", "turbofan_cfm56_7b_001"])
def test_shuffled_noise_is_found_however_strong_its_autocorrelation(machine: str) -> None:
    """A turbofan's noise has hardly any."""
    profile = fleet_profile(machine)
    names = [sensor.name for sensor in profile.sensors]
    effects = UnitEffects(profile, names)
    seed, fresh = (effects.nominal(physics_seed(profile, 6_000, number)) for number in (0, 100))
    mixed = shuffled_baseline(fresh, names)
    seed_moves = movement(seed, profile)
    ordered, lost, lost_twice = (
        compare_in_time(seed_moves, movement(frame, profile))
        for frame in (fresh, mixed, shuffled_baseline(mixed, names))
    )
    limit = GATES["relative_noise_autocorrelation_error"]
    whole, none = (
        relative_noise_autocorrelation_error(ordered, lost),
        relative_noise_autocorrelation_error(lost, lost_twice),
    )
    assert whole is not None
    assert none is not None
    assert whole < limit.good < limit.usable < none


@pytest.mark.parametrize("rows", [1_000, 6_000])
def test_white_noise_passes_the_autocorrelation_gate(rig: MachineProfile, rows: int) -> None:
    sensors = tuple(sensor.model_copy(update={"ar1": 0.0}) for sensor in rig.sensors)
    white = rig.model_copy(update={"sensors": sensors})
    names = [sensor.name for sensor in sensors if sensor.law not in ("gamma", "wiener")]
    some = white.model_copy(update={"sensors": tuple(s for s in sensors if s.name in names)})
    effects = UnitEffects(some, names)
    seed, fresh = (effects.nominal(physics_seed(white, rows, number)) for number in (0, 100))
    seed_moves = movement(seed, some)
    ordered, mixed = (
        compare_in_time(seed_moves, movement(frame, some))
        for frame in (fresh, shuffled_baseline(fresh, names))
    )
    lost = relative_noise_autocorrelation_error(ordered, mixed)
    assert lost is not None
    assert lost < GATES["relative_noise_autocorrelation_error"].good
