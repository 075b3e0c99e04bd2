"""The verdict follows the worth."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from GAN.config.quality_gates import GATES
from GAN.evaluation.gates import Gate, Measured, gates, measured_worth
from GAN.evaluation.verdict import decide
from GAN.evaluation.worth import Worth

HELPS, UNCLEAR, HARMS = ((0.6, 0.9), (0.8, 1.1), (1.1, 1.6))


def measured(worth: tuple[float, float] | None, values: Mapping[str, float]) -> list[Gate]:
    """Good gates, except for those with a value here."""
    good = {metric: Measured(limits.good) for metric, limits in GATES.items()}
    known = None
    if worth is not None:
        ratio = (worth[0] * worth[1]) ** 0.5
        known = Worth(
            tested_on="units",
            known_rmse_hours=100.0,
            rmse_hours=100.0 * ratio,
            low=worth[0],
            high=worth[1],
        )
    given = {metric: Measured(value) for metric, value in values.items()}
    return list(gates(good | {"worth": measured_worth(known)} | given))


@pytest.mark.parametrize(
    ("worth", "values", "failed_by", "with_care"),
    [
        (HELPS, {}, [], False),
        (UNCLEAR, {}, [], False),
        (None, {}, [], False),
        (HARMS, {}, ["worth"], False),
        (HELPS, {"windows_c2st_auc": 0.99}, [], True),
        (UNCLEAR, {"windows_c2st_auc": 0.99}, ["windows_c2st_auc"], False),
        (None, {"column_shapes": 0.5}, ["column_shapes"], False),
        (
            UNCLEAR,
            {"windows_c2st_auc": 0.99, "rows_c2st_auc": 0.99},
            ["rows_c2st_auc", "windows_c2st_auc"],
            False,
        ),
        (HARMS, {"windows_c2st_auc": 0.99}, ["worth", "windows_c2st_auc"], False),
        (HELPS, {"nearest_life_distance": 0.0}, ["nearest_life_distance"], False),
        (UNCLEAR, {"unit_difference_error": 1.4}, [], True),
        (HELPS, {"life_length_error": 1.4}, ["life_length_error"], False),
        (HELPS, {"failure_mode_chance": 0.001}, ["failure_mode_chance"], False),
        (
            HELPS,
            {"life_length_error": 1.4, "windows_c2st_auc": 0.99},
            ["life_length_error"],
            False,
        ),
    ],
)
def test_what_fails_a_set(
    worth: tuple[float, float] | None,
    values: dict[str, float],
    failed_by: list[str],
    with_care: bool,
) -> None:
    verdict = decide(measured(worth, values), ())
    assert [line.partition(":")[0] for line in verdict.reasons] == [
        GATES[metric].title for metric in failed_by
    ]
    assert verdict.passed is (not failed_by)
    assert verdict.with_care is with_care


def test_a_violation_fails_whatever_the_worth() -> None:
    found = measured(HELPS, {"violations": 2, "windows_c2st_auc": 0.99})
    verdict = decide(found, ("val: 2 missing values",))
    assert verdict.reasons == ("val: 2 missing values",)
    assert not verdict.with_care


def test_a_reason_has_the_value_what_it_is_compared_with_and_what_would_change_it() -> None:
    (reason,) = decide(measured(HARMS, {}), ()).reasons
    assert reason == (
        "RUL error with synthetic lives / without: 1.327 is above 1.21 (known lives alone: 1.00); "
        "use the known lives alone, or give more of them"
    )
