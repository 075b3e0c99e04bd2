"""The templates and the reference fleet that come with Fleetforge."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from errors import InvalidInput, NotFound
from GAN.config.rul_profiles import RUL_PROFILES
from GAN.profiles import catalogue
from GAN.profiles.loading import parse_profile
from GAN.profiles.profile import MachineProfile

MACHINES = {
    "motor": 7,
    "pump": 3,
    "compressor": 3,
    "cnc": 8,
    "fan": 2,
    "conveyor": 2,
    "robot": 2,
    "hydraulic": 2,
    "transformer": 1,
    "cooling_tower": 1,
    "turbofan": 1,
}
FLEET = {machine_id: catalogue.fleet_profile(machine_id) for machine_id in catalogue.fleet_ids()}
TEMPLATES = {name: catalogue.template_profile(name) for name in catalogue.template_names()}

machines = pytest.mark.parametrize("machine_id", sorted(FLEET))
templates = pytest.mark.parametrize("category", sorted(TEMPLATES))
bundled = pytest.mark.parametrize("profile", [*FLEET.values(), *TEMPLATES.values()], ids=str)


def wearing(profile: MachineProfile) -> set[str]:
    return {sensor.name for sensor in profile.sensors if sensor.direction != "steady"}


def test_the_fleet_has_32_machines_in_eleven_categories() -> None:
    assert Counter(profile.machine_type for profile in FLEET.values()) == MACHINES
    assert sum(MACHINES.values()) == 32


@machines
def test_a_fleet_file_is_named_after_its_machine(machine_id: str) -> None:
    assert FLEET[machine_id].machine_id == machine_id


@machines
def test_a_fleet_machine_spells_out_the_rul_settings_of_its_category(machine_id: str) -> None:
    profile = FLEET[machine_id]
    given = profile.rul.model_dump(exclude={"weibull_shape", "cycles_per_dataset"})
    expected = RUL_PROFILES[profile.machine_type]._asdict()
    del expected["weibull_shape"], expected["cycles_per_dataset"]

    assert given == expected


def test_no_two_machines_of_the_fleet_have_the_same_sensors() -> None:
    assert len({profile.sensors for profile in FLEET.values()}) == len(FLEET)


@bundled
def test_a_bundled_profile_has_4_to_22_sensors(profile: MachineProfile) -> None:
    assert 4 <= len(profile.sensors) <= 22


@bundled
def test_every_wearing_sensor_is_driven_by_a_failure_mode(profile: MachineProfile) -> None:
    driven = {name for mode in profile.failure_modes for name in mode.sensors}

    assert driven == wearing(profile)


@bundled
def test_temperature_answers_last_and_only_late_in_life(profile: MachineProfile) -> None:
    moving = [sensor for sensor in profile.sensors if sensor.direction != "steady"]
    warm = [sensor.onset for sensor in moving if sensor.unit == "degC"]
    shaking = [sensor.onset for sensor in moving if sensor.unit in ("mm/s", "g")]

    assert min(warm, default=1) >= 0.85
    assert max(shaking, default=0) < min(warm, default=1)


@bundled
def test_acceleration_answers_before_velocity(profile: MachineProfile) -> None:
    onsets = {
        unit: [s.onset for s in profile.sensors if s.unit == unit and s.direction != "steady"]
        for unit in ("g", "mm/s")
    }

    assert max(onsets["g"], default=0) < min(onsets["mm/s"], default=1)


@bundled
def test_the_noise_leaves_the_trend_visible(profile: MachineProfile) -> None:
    for sensor in profile.sensors:
        if sensor.failure is not None:
            rise = max(sensor.failure - sensor.normal.max, sensor.normal.min - sensor.failure)
            assert sensor.noise <= rise / 4, sensor.name


@bundled
def test_every_value_and_every_driver_names_its_source(profile: MachineProfile) -> None:
    assert profile.drivers is not None
    drivers = (profile.drivers.load, profile.drivers.ambient, *profile.drivers.couplings)
    assert [sensor.name for sensor in profile.sensors if not sensor.source] == []
    assert [driver for driver in drivers if driver is None or not driver.source] == []


@bundled
def test_temperatures_follow_the_surroundings_and_currents_the_load(
    profile: MachineProfile,
) -> None:
    """Directly, or through sensors that do."""
    assert profile.drivers is not None
    followed: dict[str, set[str]] = {}
    for each in profile.drivers.couplings:
        followed.setdefault(each.sensor, set()).add(each.follows)

    def causes(name: str) -> set[str]:
        return {name}.union(*(causes(cause) for cause in followed.get(name, ())))

    for sensor in profile.sensors:
        if sensor.unit in ("degC", "degR"):
            assert "driver.ambient" in causes(sensor.name), sensor.name
        if sensor.unit == "A":
            assert "driver.load" in causes(sensor.name), sensor.name


@bundled
def test_a_power_factor_and_an_efficiency_cannot_leave_their_scale(
    profile: MachineProfile,
) -> None:
    scales = {"power_factor": (0, 1), "efficiency": (0, 100), "load": (0, 150)}
    for sensor in profile.sensors:
        if sensor.name in scales:
            limits = sensor.physical_limits
            assert (limits.min, limits.max) == scales[sensor.name]


def test_every_category_has_a_template_and_so_has_a_machine_of_none() -> None:
    assert set(TEMPLATES) == set(MACHINES) | {"generic"} == set(RUL_PROFILES)


@templates
def test_a_template_leaves_the_rul_settings_to_its_category(category: str) -> None:
    profile = TEMPLATES[category]

    assert profile.category == category
    assert profile.life == RUL_PROFILES[category]


@templates
def test_a_template_begins_by_saying_what_to_edit(category: str) -> None:
    first, second = catalogue.template_text(category).splitlines()[:2]

    assert first.startswith("# A machine profile for ")
    assert second.startswith("# Change machine_id, manufacturer and model")


@templates
@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_a_new_profile_is_valid_and_says_what_the_template_says(category: str, suffix: str) -> None:
    text = catalogue.new_profile(category, suffix)

    assert parse_profile(text.encode(), "new", suffix).sha256 == TEMPLATES[category].sha256


def test_a_new_yaml_profile_keeps_the_comments() -> None:
    assert catalogue.new_profile("pump", ".yml") == catalogue.template_text("pump")


def test_a_new_json_profile_is_indented_and_says_its_schema_version() -> None:
    text = catalogue.new_profile("pump", ".json")

    assert json.loads(text)["schema_version"] == 2
    assert "rul" not in json.loads(text)
    assert "null" not in text
    assert '\n  "machine_id"' in text
    assert text.endswith("}\n")


def test_a_new_profile_in_another_format_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"\.toml: not a profile format"):
        catalogue.new_profile("pump", ".toml")


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"^no template 'moter'; did you mean motor\?$"):
        catalogue.template_text("moter")
    with pytest.raises(NotFound, match=r"did you mean cnc_haas_vf2_001\?$"):
        catalogue.fleet_profile("cnc_haas_vf_2_001")


def test_a_name_like_no_other_is_answered_with_the_list() -> None:
    with pytest.raises(NotFound, match="'x'; there are cnc, compressor, conveyor"):
        catalogue.template_text("x")


@pytest.mark.parametrize("name", ["../profile", "motor.yaml", "", "/etc/passwd"])
def test_a_name_cannot_lead_out_of_the_catalogue(name: str) -> None:
    with pytest.raises(NotFound):
        catalogue.template_text(name)
    with pytest.raises(NotFound):
        catalogue.fleet_text(name)
