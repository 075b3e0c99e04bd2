"""What a classifier test gives for data that are equally good by definition."""

from __future__ import annotations

import pandas as pd
import pytest

from GAN.config.quality_gates import GATES
from GAN.datasets.run_to_failure import time_step_of
from GAN.evaluation.gates import Light, Measured, beyond_null, gates
from GAN.evaluation.likeness.null import null_of_fresh, null_of_halves
from GAN.evaluation.likeness.temporal import windows_c2st_auc, windows_of
from GAN.profiles.catalogue import fleet_profile
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import fresh_units, physics_seed
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects


@pytest.fixture(scope="module")
def fresh(rig: MachineProfile) -> pd.DataFrame:
    units = fresh_units(rig, 0.6)
    return UnitEffects(rig, sensors_with_unit_effects(units, rig)).nominal(units)


def test_the_null_of_a_simulated_seed_is_that_of_fresh_units(
    rig: MachineProfile, fresh: pd.DataFrame
) -> None:
    names = [sensor.name for sensor in rig.sensors]
    seed, others = fresh[fresh["unit_id"] <= 12], fresh[fresh["unit_id"] > 12]
    null = null_of_fresh(seed, windows_of(seed, names), others, windows_of(others, names), names)
    assert null.rows == pytest.approx(0.5, abs=0.2)
    assert null.windows == pytest.approx(0.5, abs=0.2)


def test_fresh_units_are_like_a_seed_in_time_though_days_have_a_number_of_rows() -> None:
    """At a time step of some per cent more or less, a classifier of windows separates them."""
    profile = fleet_profile("motor_siemens_1la7_001")
    seed = physics_seed(profile, 20_000)
    effects = UnitEffects(profile, sensors_with_unit_effects(seed, profile))
    names = [sensor.name for sensor in profile.sensors]
    windows = windows_of(effects.nominal(seed), names)
    found = []
    for step in (time_step_of(seed), 0.875 * time_step_of(seed)):
        step = round(4096 * step) / 4096
        others = windows_of(effects.nominal(fresh_units(profile, step)), names)
        found.append(windows_c2st_auc(windows, others))

    assert None not in found
    assert found[0] < 0.62
    assert found[1] > 0.75


def test_the_null_of_a_real_seed_needs_two_halves_of_two_units(
    rig: MachineProfile, fresh: pd.DataFrame
) -> None:
    names = [sensor.name for sensor in rig.sensors]
    three, twenty = (fresh[fresh["unit_id"] <= units] for units in (3, 20))
    assert null_of_halves(three, windows_of(three, names), names)[:2] == (None, None)
    null = null_of_halves(twenty, windows_of(twenty, names), names)
    assert null.rows == pytest.approx(0.5, abs=0.2)
    assert null.windows == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize(
    ("value", "null", "light", "shown"),
    [
        (0.70, 0.3, Light.USABLE, 0.3),
        (0.70, None, Light.USABLE, 0.5),
        (0.70, 0.6, Light.GOOD, 0.6),
        (0.85, 0.5, Light.POOR, 0.5),
        (0.85, 0.6, Light.USABLE, 0.6),
    ],
)
def test_an_auc_is_judged_by_what_it_exceeds_the_null_or_guessing_by(
    value: float, null: float | None, light: Light, shown: float
) -> None:
    found = beyond_null("rows_c2st_auc", value, null, "fresh units")
    every = {metric: Measured(None) for metric in GATES} | {"rows_c2st_auc": found}
    (gate,) = [gate for gate in gates(every) if gate.metric == "rows_c2st_auc"]
    assert gate.light is light
    assert gate.reference is not None
    assert gate.reference.value == shown


@pytest.mark.parametrize(
    ("value", "null", "light"),
    [(0.75, 0.70, Light.GOOD), (0.75, 0.88, Light.USABLE), (0.75, 0.97, Light.POOR)],
)
def test_where_known_units_differ_much_the_columns_of_new_ones_may_too(
    value: float, null: float, light: Light
) -> None:
    found = beyond_null("column_shapes", value, null, "halves", ideal=0.95)
    every = {metric: Measured(None) for metric in GATES} | {"column_shapes": found}
    (gate,) = [gate for gate in gates(every) if gate.metric == "column_shapes"]
    assert gate.light is light
