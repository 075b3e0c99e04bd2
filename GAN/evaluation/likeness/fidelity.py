"""Fidelity of synthetic rows: how closely they match the rows of the seed, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import life_fraction
from GAN.evaluation.likeness.c2st import c2st_auc
from GAN.evaluation.likeness.sdmetrics_scores import correlations, ks_complement, scores
from GAN.evaluation.report_part import ReportPart
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

#: Rows of each side that SDMetrics compares; more change the score little.
COMPARED_ROWS = 5_000
#: A sensor's range is that of all but this share of its readings at each end.
EXTREME = 0.002
#: For the nearest neighbours: seed units that are left out in turn, rows whose neighbours are
#: searched, and rows among which they are searched.
MOST_LEFT_OUT = 4
QUERY_ROWS = 400
NEIGHBOURS = 5_000


class Fidelity(ReportPart):
    """Metrics of synthetic rows against seed rows, both as readings of a nominal unit.

    Attributes:
        quality_score: Overall SDMetrics score, 0 to 1. It hardly separates good sets from poor
            ones and does not affect the verdict.
        column_shapes_score: Its part for single columns: mean of 1 - Kolmogorov-Smirnov distance.
        column_pair_trends_score: Its part for pairs of columns.
        diagnostic_score: SDMetrics data validity and structure; 1 when everything is valid.
        column_shapes: 1 - Kolmogorov-Smirnov distance of each column.
        pearson_error: Mean absolute error of the correlations of all pairs of RUL and sensors.
        spearman_error: The same for ranks.
        rows_c2st_auc: See `GAN.evaluation.likeness.c2st.c2st_auc`; None where there is one unit.
        range_coverage: Share of each sensor's range in the seed that the synthetic rows cover.
        nearest_neighbour_share: How often a synthetic row is closer to the seed than a row of a
            seed unit is to the other units: 0.5 is ideal, 1 is a copy. None where the seed has one
            unit.
    """

    renamed: ClassVar = {"rows_c2st_auc": "rows_told_apart"}

    quality_score: float
    column_shapes_score: float
    column_pair_trends_score: float
    diagnostic_score: float
    column_shapes: dict[str, float]
    pearson_error: float
    spearman_error: float
    rows_c2st_auc: float | None
    range_coverage: dict[str, float]
    nearest_neighbour_share: float | None


def compare_rows(seed: pd.DataFrame, train: pd.DataFrame, profile: MachineProfile) -> Fidelity:
    """Compare synthetic rows with seed rows.

    Args:
        seed: Nominal readings of the seed.
        train: Nominal readings of the synthetic train set.
        profile: The machine.
    """
    names = [sensor.name for sensor in profile.sensors]
    few_seed, few_train = (compared_sample(frame) for frame in (seed, train))
    numbers = few_seed[["rul_hours", *names]], few_train[["rul_hours", *names]]
    return Fidelity(
        **scores(few_seed, few_train, ["rul_hours", *names], "failure_mode"),
        pearson_error=_correlation_error(*numbers),
        spearman_error=rank_correlation_error(few_seed, few_train, names),
        rows_c2st_auc=c2st_auc(*row_features(seed, names), *row_features(train, names)),
        range_coverage=range_coverage(seed, train, names),
        nearest_neighbour_share=_nearest_neighbour_share(seed, train, names),
    )


def column_fidelity(one: pd.DataFrame, other: pd.DataFrame, names: list[str]) -> float:
    """Mean of 1 - Kolmogorov-Smirnov distance over RUL and the sensors."""
    some, others = compared_sample(one), compared_sample(other)
    alike = [ks_complement(some[name], others[name]) for name in ("rul_hours", *names)]
    return float(np.mean(alike))


def rank_correlation_error(one: pd.DataFrame, other: pd.DataFrame, names: list[str]) -> float:
    """Mean absolute difference of the rank correlations of all pairs of RUL and sensors."""
    columns = ["rul_hours", *names]
    ranked = (compared_sample(frame)[columns].rank() for frame in (one, other))
    return _correlation_error(*ranked)


def compared_sample(frame: pd.DataFrame) -> pd.DataFrame:
    """At most `COMPARED_ROWS` rows, constant ones."""
    if len(frame) <= COMPARED_ROWS:
        return frame
    return frame.sample(COMPARED_ROWS, random_state=0)


def _correlation_error(seed: pd.DataFrame, train: pd.DataFrame) -> float:
    """Mean absolute difference over all pairs; a constant column has correlation 0."""
    seen, made = (np.nan_to_num(correlations(frame)) for frame in (seed, train))
    return float(np.abs(seen - made)[np.triu_indices(len(seen), 1)].mean())


def row_features(frame: pd.DataFrame, names: list[str]) -> tuple[Matrix, NDArray[np.integer]]:
    """What a classifier sees of each row, shape (rows, 1 + sensors), and the row's unit."""
    features = np.column_stack([life_fraction(frame), frame[names]])
    return features, frame["unit_id"].to_numpy()


def range_coverage(seed: pd.DataFrame, train: pd.DataFrame, names: list[str]) -> dict[str, float]:
    """`Fidelity.range_coverage`."""
    quantiles = [EXTREME, 1.0 - EXTREME]
    seen, made = (frame[names].quantile(quantiles).to_numpy() for frame in (seed, train))
    width = seen[1] - seen[0]
    common = np.minimum(seen[1], made[1]) - np.maximum(seen[0], made[0])
    covered = np.where(width > 0.0, common / np.where(width > 0.0, width, 1.0), common >= 0.0)
    return dict(zip(names, np.clip(np.nan_to_num(covered), 0.0, 1.0).tolist(), strict=True))


def _nearest_neighbour_share(
    seed: pd.DataFrame, train: pd.DataFrame, names: list[str]
) -> float | None:
    """Distances are in standard deviations of the seed's sensors."""
    rng = np.random.default_rng(0)
    units = seed["unit_id"].to_numpy()
    if len(np.unique(units)) < 2:
        return None
    rows = np.nan_to_num(seed[names].to_numpy())
    scale = rows.std(axis=0) + 1e-12
    queries = _some(np.nan_to_num(train[names].to_numpy()) / scale, QUERY_ROWS, rng)
    queries = np.clip(queries, -1e6, 1e6)
    shares = []
    for unit in np.unique(units)[:MOST_LEFT_OUT]:
        others = _some(rows[units != unit] / scale, NEIGHBOURS, rng)
        left_out = _some(rows[units == unit] / scale, QUERY_ROWS, rng)
        made, real = (_to_nearest(each, others) for each in (queries, left_out))
        shares.append((made[:, None] < real).mean())
    return float(np.mean(shares))


def _to_nearest(rows: Matrix, others: Matrix) -> Matrix:
    """Squared distance of each row to the nearest other one, shape (rows,).

    |r - o|² = |r|² + (|o|² - 2ro), and the part in brackets is one matrix product.
    """
    # From the middle of the others: large squares would leave few digits to their difference.
    middle = others.mean(axis=0)
    asked, near = ((side - middle).astype(np.float32) for side in (rows, others))
    with_ones = np.column_stack([asked, np.ones(len(asked), np.float32)])
    with_squares = np.column_stack([-2.0 * near, np.square(near).sum(axis=1)])
    return np.asarray(np.square(asked).sum(axis=1) + (with_ones @ with_squares.T).min(axis=1))


def _some(rows: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    return rows[rng.permutation(len(rows))[:count]]
