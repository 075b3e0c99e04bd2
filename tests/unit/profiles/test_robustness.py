"""Whatever is read as a profile: it is one, or InvalidProfile says why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from errors import InvalidProfile
from GAN.config.units import UNITS
from GAN.profiles.loading import parse_profile
from GAN.profiles.profile import MachineProfile
from tests.unit.profiles.samples import LOAD, SUFFIXES, content, coupling, driven, sensor, written


def survives(data: bytes, suffix: str) -> None:
    """Reading ends in a profile or in InvalidProfile with printable problems, nothing else."""
    said = ["nothing"]
    try:
        parse_profile(data, "f", suffix)
    except InvalidProfile as error:
        said = [str(problem) for problem in error.problems]
    assert said
    assert all(line.isprintable() for line in said)


@given(st.binary(max_size=200), st.sampled_from([*SUFFIXES, ".yml", ".txt"]))
def test_arbitrary_bytes_raise_nothing_but_invalid_profile(data: bytes, suffix: str) -> None:
    survives(data, suffix)


@given(st.text(alphabet="ab1:-?[]{},&*!|>%@#'\"\\ \n\t.~<=_xe+", max_size=60))
@example("? [a]\n: b")
@example("=: 1")
@example("<<: {a: 1}")
@example("{? : 1, ~: 2}")
def test_arbitrary_punctuation_raises_nothing_but_invalid_profile(text: str) -> None:
    survives(text.encode(), ".yaml")
    survives(text.encode(), ".json")


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
PLACES: list[Callable[[Any], dict[str, Any]]] = [
    *(lambda value, key=key: content(**{key: value}) for key in (*content(), "rul", "other")),
    *(lambda value, key=key: content(sensors=[sensor(**{key: value})]) for key in sensor()),
    lambda value: content(failure_modes=[{"name": value, "sensors": value}]),
    lambda value: content(failure_modes=[value], sensors=[value, value]),
    *(
        lambda value, key=key: driven(**{key: value})
        for key in ("load", "ambient", "couplings", "maintenance")
    ),
    *(lambda value, key=key: driven(load={**LOAD, key: value}) for key in LOAD),
    *(
        lambda value, key=key: driven(couplings=[coupling("hall", "current", 1, **{key: value})])
        for key in ("lag_hours", "source")
    ),
    lambda value: driven(couplings=[value, coupling(value, value, value)]),
    lambda value: driven(maintenance={"every_hours": value, "restores": 1, "sensors": [value]}),
]


@given(st.sampled_from(PLACES), anything, st.sampled_from(SUFFIXES))
def test_anything_in_any_place_raises_nothing_but_invalid_profile(
    place: Callable[[Any], dict[str, Any]], value: Any, suffix: str
) -> None:
    survives(written(place(value), suffix), suffix)


printable = st.characters(codec="utf-8", min_codepoint=32)


def beyond(direction: str, low: float, width: float, distance: float) -> float | None:
    ends = {"rising": low + width + distance, "falling": low - distance}
    return ends.get(direction)


@st.composite
def sensors(draw: st.DrawFn, name: str) -> dict[str, Any]:
    direction = draw(st.sampled_from(["rising", "falling", "steady"]))
    low, width = draw(st.floats(-1e6, 1e6)), draw(st.floats(0.01, 1e6))
    return {
        "name": name,
        "unit": draw(st.sampled_from(sorted(UNITS))),
        "normal": {"min": low, "max": low + width},
        "direction": direction,
        "failure": beyond(direction, low, width, draw(st.floats(0.01, 1e6))),
        "noise": draw(st.floats(0, 0.005)),
        "onset": draw(st.floats(0, 0.99)),
        "source": draw(st.text(printable, max_size=20)),
    }


@st.composite
def profiles(draw: st.DrawFn) -> MachineProfile:
    names = draw(st.lists(st.from_regex(r"[a-z]{1,3}_[a-z0-9]", fullmatch=True), unique=True))
    wearing = sensor(name="wearing")
    text = st.text(printable, min_size=1, max_size=20).filter(str.strip)
    return MachineProfile.model_validate(
        content(
            manufacturer=draw(text),
            model=draw(text),
            rul={
                "max_rul_hours": draw(st.integers(50, 10**6) | st.floats(50, 1e6)),
                "rul_noise_std_hours": 0,
            },
            sensors=[wearing, *(draw(sensors(name)) for name in names[:4])],
            failure_modes=[
                {"name": "wear", "share": draw(st.floats(1e-9, 1e9)), "sensors": ["wearing"]}
            ],
        )
    )


@settings(max_examples=40)
@given(profiles())
def test_a_profile_survives_a_round_trip_through_either_format(profile: MachineProfile) -> None:
    for suffix in SUFFIXES:
        for dump in (
            profile.model_dump(mode="json"),
            profile.model_dump(mode="json", exclude_unset=True),
        ):
            assert parse_profile(written(dump, suffix), "f", suffix).sha256 == profile.sha256
