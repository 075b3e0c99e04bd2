"""Simulated machines obey what an engineer knows of them: powers, temperatures, balances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.profiles.catalogue import fleet_ids, fleet_profile, template_names, template_profile
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import physics_seed

PROFILES = {
    profile.machine_id: profile
    for profile in (*map(fleet_profile, fleet_ids()), *map(template_profile, template_names()))
}
#: Readings of a healthy unit end here, as a share of its life: temperatures wear late.
HEALTHY = 0.2


def healthy(profile: MachineProfile) -> pd.DataFrame:
    seed = pd.concat(
        [physics_seed(profile, 4_000, number).assign(seed=number) for number in range(3)]
    )
    lived = seed["cycle_hour"] / (seed["cycle_hour"] + seed["rul_hours"])
    return seed[lived <= HEALTHY]


def those_with(*names: str) -> pytest.MarkDecorator:
    """Every fleet machine and template with these sensors."""
    found = [
        machine_id
        for machine_id, profile in PROFILES.items()
        if set(names) <= {sensor.name for sensor in profile.sensors}
    ]
    assert found
    return pytest.mark.parametrize("machine_id", found)


def within_units(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Differences from the mean of the unit."""
    units = frame.groupby(["seed", "unit_id"])[list(names)]
    return frame[list(names)] - units.transform("mean")


def slopes(frame: pd.DataFrame, of: str, *on: str) -> dict[str, float]:
    """Coefficients of a linear regression within units."""
    rows = within_units(frame, of, *on)
    found = np.linalg.lstsq(rows[list(on)].to_numpy(), rows[of].to_numpy(), rcond=None)[0]
    return dict(zip(on, found, strict=True))


def proportional(frame: pd.DataFrame, one: str, other: str) -> float:
    """Median relative deviation from being proportional, over all units."""
    ratio = frame[one] / frame[other]
    return float((ratio / ratio.median() - 1).abs().median())


@those_with("spindle_power", "spindle_load")
def test_spindle_power_is_load_times_rated_power(machine_id: str) -> None:
    assert proportional(healthy(PROFILES[machine_id]), "spindle_power", "spindle_load") < 0.12


@those_with("motor_power", "motor_current")
def test_motor_power_is_proportional_to_current(machine_id: str) -> None:
    assert proportional(healthy(PROFILES[machine_id]), "motor_power", "motor_current") < 0.06


@those_with("load", "phase_a_current")
def test_the_current_of_a_transformer_is_load_times_rated_current(machine_id: str) -> None:
    frame = healthy(PROFILES[machine_id])
    for phase in "abc":
        assert proportional(frame, f"phase_{phase}_current", "load") < 0.06


@those_with("press_force", "system_pressure")
def test_the_force_of_a_press_is_pressure_times_area(machine_id: str) -> None:
    assert proportional(healthy(PROFILES[machine_id]), "press_force", "system_pressure") < 0.01


@those_with("pump_flow", "case_drain_flow")
def test_what_leaks_into_the_case_of_a_pump_is_not_delivered(machine_id: str) -> None:
    frame = healthy(PROFILES[machine_id])

    assert slopes(frame, "pump_flow", "case_drain_flow")["case_drain_flow"] == pytest.approx(
        -1, abs=0.3
    )


@those_with("range", "water_flow")
def test_the_heat_of_a_cooling_tower_is_flow_times_range(machine_id: str) -> None:
    """At the same load, more water is cooled by less: the slope of the range is - range / flow."""
    frame = healthy(PROFILES[machine_id])
    slope = slopes(frame, "range", "water_flow", "fan_speed")

    assert slope["water_flow"] == pytest.approx(
        -(frame["range"] / frame["water_flow"]).mean(), rel=0.3
    )
    assert slope["fan_speed"] > 0


@those_with("flow_rate", "discharge_pressure")
def test_a_pump_delivers_less_at_a_higher_pressure_and_draws_more_with_more_flow(
    machine_id: str,
) -> None:
    frame = healthy(PROFILES[machine_id])

    assert slopes(frame, "discharge_pressure", "flow_rate")["flow_rate"] < 0
    assert slopes(frame, "motor_current", "flow_rate")["flow_rate"] > 0


@those_with("static_pressure", "air_flow")
def test_the_pressure_of_a_fan_falls_along_its_curve(machine_id: str) -> None:
    assert slopes(healthy(PROFILES[machine_id]), "static_pressure", "air_flow")["air_flow"] < 0


@those_with("ambient_temperature")
def test_temperatures_are_above_the_surroundings_and_follow_them(machine_id: str) -> None:
    profile = PROFILES[machine_id]
    frame = healthy(profile)
    ambient = next(s for s in profile.sensors if s.name == "ambient_temperature")
    zero = 273.15 if ambient.unit == "K" else 0.0
    # The first two are cooled, the last one is that of the surroundings.
    others = {"dew_point", "spindle_jacket_temperature", "inlet_air_temperature"}
    warm = [s.name for s in profile.sensors if s.unit == "degC" and s.name not in others]
    for name in set(warm) - {"ambient_temperature"}:
        below = (frame[name] < frame["ambient_temperature"] - zero).mean()
        assert below < 0.002, name
        slope = slopes(frame, name, "ambient_temperature")["ambient_temperature"]
        assert 0.15 < slope < 2, name


@those_with("motor_current", "winding_temperature", "ambient_temperature")
def test_the_rise_of_a_winding_grows_with_current(machine_id: str) -> None:
    frame = healthy(PROFILES[machine_id])
    slope = slopes(frame, "winding_temperature", "motor_current", "ambient_temperature")
    spread = within_units(frame, "motor_current")["motor_current"].std()

    assert slope["motor_current"] * spread > 1.0


@those_with("hot_spot_temperature")
def test_the_hot_spot_of_a_transformer_is_above_its_oil_or_windings(machine_id: str) -> None:
    frame = healthy(PROFILES[machine_id])
    cooler = [name for name in ("top_oil_temperature", "winding_b_temperature") if name in frame]

    assert (frame["hot_spot_temperature"] > frame[cooler[0]]).mean() > 0.99


@those_with("nrf", "nf", "t2")
def test_corrected_speed_grows_with_speed_and_falls_with_inlet_temperature(machine_id: str) -> None:
    slope = slopes(healthy(PROFILES[machine_id]), "nrf", "nf", "t2")

    assert slope["nf"] > 0.4
    assert slope["t2"] < 0
