"""Likeness of the synthetic sets to the seed: rows, lives over time, and how easily they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from GAN.datasets.run_to_failure import time_step_of
from GAN.evaluation.gates import Measured, beyond_null
from GAN.evaluation.likeness.fidelity import Fidelity, compare_rows, range_coverage
from GAN.evaluation.likeness.held_out import held_out_error
from GAN.evaluation.likeness.null import Null, null_of_fresh, null_of_halves
from GAN.evaluation.likeness.temporal import (
    InTime,
    Movement,
    compare_in_time,
    movement,
    relative_noise_autocorrelation_error,
    relative_noise_of,
    shuffled_baseline,
    windows_c2st_auc,
    windows_of,
)
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

#: Fidelity of the columns of fresh units, for which its limits are made.
FRESH_COLUMNS = 0.95


@dataclass(frozen=True)
class Likeness:
    """How like the seed the sets are.

    Attributes:
        rows: Metrics of the train set's rows.
        in_time: Metrics of its lives.
        shuffled: The metrics of lives for the same rows shuffled.
        measured: The gates of likeness.
    """

    rows: Fidelity
    in_time: InTime
    shuffled: InTime
    measured: Mapping[str, Measured]


def likeness(
    seed: pd.DataFrame,
    sets: Mapping[str, pd.DataFrame],
    profile: MachineProfile,
    fresh: pd.DataFrame | None,
) -> Likeness:
    """Compare the sets with the seed, all as readings of a nominal unit.

    The train set is compared in every way. Validation and test sets are compared in two ways that
    show whether their rows are lives: with the train set, and in their noise.

    Args:
        seed: The seed.
        sets: The sets by name.
        profile: The machine.
        fresh: Fresh units; None for a seed with real units.
    """
    names = [sensor.name for sensor in profile.sensors]
    train = sets["train"]
    others = [frame for split, frame in sets.items() if split != "train"]
    rows = compare_rows(seed, train, profile)
    # A set may have a larger time step than its seed.
    every = max(1, round(time_step_of(train) / time_step_of(seed)))
    moves, made = movement(seed, profile, every), movement(train, profile)
    in_time = compare_in_time(moves, made, windows_c2st_auc(moves.windows, made.windows))
    shuffled = compare_in_time(moves, movement(shuffled_baseline(train, names), profile))
    null = _null(seed, moves, fresh, names, every)
    noise_errors = [
        relative_noise_autocorrelation_error(in_time, shuffled),
        *(relative_noise_of(frame, names, moves, shuffled) for frame in others),
    ]
    measured = {
        "rows_c2st_auc": beyond_null("rows_c2st_auc", rows.rows_c2st_auc, null.rows, null.meaning),
        "windows_c2st_auc": beyond_null(
            "windows_c2st_auc", in_time.windows_c2st_auc, null.windows, null.meaning
        ),
        "column_shapes": beyond_null(
            "column_shapes", rows.column_shapes_score, null.columns, null.meaning, FRESH_COLUMNS
        ),
        "spearman_error": beyond_null(
            "spearman_error", rows.spearman_error, null.spearman, null.meaning, ideal=0.0
        ),
        "held_out_error": Measured(held_out_error(sets, names)),
        "relative_noise_autocorrelation_error": Measured(
            max((error for error in noise_errors if error is not None), default=None)
        ),
        "range_coverage": Measured(_least_coverage(rows, seed, fresh, names)),
        "nearest_neighbour_share": Measured(rows.nearest_neighbour_share),
    }
    return Likeness(rows, in_time, shuffled, measured)


def _null(
    seed: pd.DataFrame,
    moves: Movement,
    fresh: pd.DataFrame | None,
    names: list[str],
    every: int,
) -> Null:
    if fresh is None:
        return null_of_halves(seed, moves.windows, names)
    return null_of_fresh(seed, moves.windows, fresh, windows_of(fresh, names, every), names)


def _least_coverage(
    rows: Fidelity, seed: pd.DataFrame, fresh: pd.DataFrame | None, names: list[str]
) -> float:
    """The smallest coverage, relative to that of fresh units: a seed unit may go further."""
    if fresh is None:
        return min(rows.range_coverage.values())
    possible = range_coverage(seed, fresh, names)
    return min(
        min(1.0, covered / max(possible[name], 1e-12))
        for name, covered in rows.range_coverage.items()
    )
