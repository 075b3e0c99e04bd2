"""Text that gives no profile: broken, dangerous, or saying a thing twice."""

from __future__ import annotations

import pytest

from GAN.profiles.loading import parse_profile
from tests.unit.profiles.samples import both_formats, content, problems, sensor, written


@pytest.mark.parametrize(
    ("text", "suffix", "where"),
    [
        ('{"model": "x",\n  "sensors": [}', ".json", "line 2, column 15"),
        ("model: x\nsensors: [1,\n  }", ".yaml", "line 3, column 3"),
        ("model: x\n\tmanufacturer: y", ".yaml", "line 2, column 1"),
        ("model: x\nmanufacturer: \x07", ".yaml", "line 2, column 15"),
        ("model: x\n--- \nmodel: y", ".yaml", "line 2, column 1"),
    ],
)
def test_broken_text_is_reported_with_line_and_column(text: str, suffix: str, where: str) -> None:
    (problem,) = problems(text, suffix)

    assert f"broken {suffix[1:].upper()} at {where}: " in problem.message


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("model: &anchor x", "YAML anchor at line 1, column 8: 'anchor'"),
        ("a: &a [x]\nb: *a", "YAML alias at line 2, column 4: 'a'"),
        ("model: !!python/object/apply:os.getcwd []", "YAML tag at line 1, column 8: "),
        ("model: !mine x", "YAML tag at line 1, column 8: '!mine'"),
        ("model: !!str 3", "YAML tag at line 1, column 8: "),
    ],
)
def test_anchors_aliases_and_tags_are_refused_outright(text: str, word: str) -> None:
    assert any(problem.message.startswith(word) for problem in problems(text, ".yaml"))


def test_a_yaml_bomb_is_refused_where_its_first_anchor_stands() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join(f'*{old}' for _ in range(9))}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert problems(bomb, ".yaml")[0].message.startswith("YAML anchor at line 1, column 4")


@both_formats
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_nesting_is_refused_before_it_can_exhaust_the_stack(suffix: str, opening: str) -> None:
    (problem,) = problems(opening * 100_000, suffix)

    assert problem.message.startswith("nested over 20 deep at line 1, column ")


@both_formats
def test_a_flood_of_values_is_refused(suffix: str) -> None:
    (problem,) = problems("[" + "0," * 100_000 + "0]", suffix)

    assert problem.message.startswith("over 5000 values at line 1, column ")


@both_formats
def test_a_profile_at_every_limit_of_the_schema_is_no_flood(suffix: str) -> None:
    names = [f"sensor_{index}" for index in range(50)]
    extras = {"ar1": 0.5, "onset": 0.5, "law": "linear", "source": "site"}
    limits = {"min": 0, "max": 200}
    most = content(
        sensors=[sensor(name=name, limits=limits, **extras) for name in names],
        failure_modes=[
            {"name": f"mode_{index}", "share": 1, "sensors": names} for index in range(20)
        ],
    )

    assert len(parse_profile(written(most, suffix), "f", suffix).sensors) == 50


@pytest.mark.parametrize(
    "text",
    [
        "model: 2020-13-45",
        'model: "\\UFFFFFFFF"',
        "model: 0x_",
        f"model: {'9' * 5000}",
        f"%YAML 1.{'1' * 5000}\n---\nmodel: x",
    ],
)
def test_values_that_break_the_yaml_library_are_problems_too(text: str) -> None:
    (problem,) = problems(text, ".yaml")

    assert problem.message.startswith("broken YAML, a value cannot be read: ")


@both_formats
def test_keys_written_twice_are_reported_with_the_other_problems(suffix: str) -> None:
    text = written(content(model=3), suffix).decode()
    twice = text.replace(
        *(('"unit"', '"noise": 1, "unit"') if suffix == ".json" else ("unit", "noise: 1\n  unit"))
    )

    assert [(p.path, p.message) for p in problems(twice, suffix)] == [
        ("sensors[0].noise", "written twice"),
        ("model", "3 is not text"),
    ]


@both_formats
def test_a_key_written_twice_is_a_problem_even_if_all_else_is_right(suffix: str) -> None:
    twice = written(content(), suffix).decode() + "\nmodel: EX-2\n"
    if suffix == ".json":
        twice = '{"model": "EX-2", ' + written(content(), suffix).decode()[1:]

    assert [str(p) for p in problems(twice, suffix)] == ["model: written twice; keep one"]
