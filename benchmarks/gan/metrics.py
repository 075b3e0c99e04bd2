"""Fidelity of synthetic rows to their table."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, rankdata
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from benchmarks.gan.systems import TABLE, metadata
from benchmarks.gan.tables import LABELS

TARGET = "rul"


@dataclass(frozen=True)
class Fidelity:
    """Metrics of one synthetic table.

    Attributes:
        quality: SDMetrics quality score.
        ks: 1 - Kolmogorov-Smirnov distance, mean over columns.
        pearson: Mean absolute error of the correlations of all pairs of columns.
        spearman: The same for ranks.
        pearson_rul: The same of the correlations of RUL with the other columns alone.
        spearman_rul: The same for ranks.
        auc: C2ST AUC: of a gradient-boosted classifier that separates real rows from synthetic
            ones, cross-validated; 0.5 means not separable.
        r2: R² of RUL forecasts trained on synthetic rows, on fresh real ones.
        mae: The same in RUL's unit.
    """

    quality: float
    ks: float
    pearson: float
    spearman: float
    pearson_rul: float
    spearman_rul: float
    auc: float
    r2: float
    mae: float


#: Metrics for which higher is better; for the others lower is better.
MORE_IS_BETTER = ("quality", "ks", "r2")


def fidelity(real: pd.DataFrame, synthetic: pd.DataFrame, fresh: pd.DataFrame) -> Fidelity:
    """Measure synthetic rows.

    Args:
        real: The training table.
        synthetic: At least as many rows.
        fresh: Rows of the same distribution that were not used for training.
    """
    columns = list(real)
    a, b = (_coded(frame[columns]) for frame in (real, synthetic))
    of_rul = columns.index(TARGET)
    others = [index for index in range(len(columns)) if index != of_rul]
    upper = np.triu_indices(len(columns), 1)
    errors = np.abs(_correlation(a) - _correlation(b))
    rank_errors = np.abs(_correlation(_ranked(a)) - _correlation(_ranked(b)))
    r2, mae = learnt_rul(synthetic[columns].head(len(a)), fresh[columns])
    return Fidelity(
        quality=_quality(real, synthetic[columns]),
        ks=float(np.mean([1 - ks_2samp(a[name], b[name]).statistic for name in columns])),
        pearson=float(errors[upper].mean()),
        spearman=float(rank_errors[upper].mean()),
        pearson_rul=float(errors[of_rul, others].mean()),
        spearman_rul=float(rank_errors[of_rul, others].mean()),
        auc=_auc(a, b.head(len(a))),
        r2=r2,
        mae=mae,
    )


def learnt_rul(learnt: pd.DataFrame, held_out: pd.DataFrame) -> tuple[float, float]:
    """R² and mean absolute error of RUL forecasts trained on one table and tested on another."""
    learnt, held_out = _coded(learnt), _coded(held_out)
    features = [name for name in learnt if name != TARGET]
    model = HistGradientBoostingRegressor(random_state=0)
    model.fit(learnt[features].to_numpy(), learnt[TARGET])
    predicted = model.predict(held_out[features].to_numpy())
    r2 = r2_score(held_out[TARGET], predicted)
    return float(r2), float(mean_absolute_error(held_out[TARGET], predicted))


def _coded(frame: pd.DataFrame) -> pd.DataFrame:
    codes = {
        name: frame[name].map({label: float(code) for code, label in enumerate(labels)})
        for name, labels in LABELS.items()
        if name in frame
    }
    return frame.assign(**codes).astype(float)


def _correlation(frame: Any) -> Any:
    return np.corrcoef(np.asarray(frame), rowvar=False)


def _ranked(frame: pd.DataFrame) -> Any:
    return np.apply_along_axis(rankdata, 0, frame.to_numpy())


def _auc(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    rows = np.vstack([real, synthetic])
    origin = np.repeat([1, 0], [len(real), len(synthetic)])
    judge = HistGradientBoostingClassifier(max_iter=100, random_state=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    shares = cross_val_predict(judge, rows, origin, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(origin, shares))


def _quality(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    from sdmetrics.reports import QualityReport

    report = QualityReport()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report.generate({TABLE: real}, {TABLE: synthetic}, metadata(real), verbose=False)
    return float(report.get_score())
