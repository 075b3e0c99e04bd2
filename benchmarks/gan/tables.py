"""Tables of 10,000 rows on which synthesizers are compared.

Another seed gives fresh rows of the same distribution, for tests and as the best possible result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

ROWS = 10_000

#: Labels of the categorical columns, in the order of their codes.
LABELS = {"regime": ["A", "B", "C"], "alarm": ["off", "on"]}

#: The shape of the columns does not change with the table's seed.
_SHAPE_SEED = 12_345
_UNITS = 40


def easy(seed: int) -> pd.DataFrame:
    """One latent factor, 22 sensors and RUL; three lives."""
    rng = np.random.default_rng(seed)
    first = ROWS // 3
    lives = [_easy_life(rows, rng) for rows in (first, first, ROWS - 2 * first)]
    return pd.concat(lives, ignore_index=True)


def _easy_life(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    rul = np.maximum(np.linspace(1_000, 0, rows) + rng.normal(0, 10, rows), 0)
    health = np.clip(1 - rul / 1_000, 0, 1)
    columns = {"rul": rul}
    for index in range(22):
        low, high = 20 + index, 80 + 2 * index
        worn = health ** (1, 1.5, 1, 2)[index % 4]
        falling = index % 4 == 2
        mean = high - (high - low) * worn * 0.7 if falling else low + (high - low) * worn * 0.8
        columns[f"s{index}"] = mean + rng.normal(0, (high - low) * 0.04, rows)
    return pd.DataFrame(columns)


def hard(seed: int) -> pd.DataFrame:
    """Regimes, unusual noise, an atom, whole numbers, a circle and categoricals; 40 units."""
    rng = np.random.default_rng(seed)
    shape = np.random.default_rng(_SHAPE_SEED)
    sensors: dict[str, Any] = {
        "offset": shape.normal(0, 1, (3, 24)),
        "scale": shape.uniform(0.5, 2, (3, 24)),
        "power": shape.uniform(0.7, 3, 24),
        "signs": shape.normal(0, 1, (24, 2)),
    }
    lives = rng.integers(120, 380, _UNITS)
    units = [_hard_unit(int(life), ROWS // _UNITS, sensors, rng) for life in lives]
    return pd.concat(units, ignore_index=True)


def _hard_unit(
    life: int, rows: int, sensors: dict[str, Any], rng: np.random.Generator
) -> pd.DataFrame:
    rul = np.clip(np.linspace(life, 0, rows) + rng.normal(0, 2, rows), 0, None)
    health = np.clip(1 - rul / life, 0, 1)
    effect = rng.normal(0, 1, 2)
    regime = rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    columns: dict[str, Any] = {"rul": rul, "regime": np.array(LABELS["regime"])[regime]}
    columns["op1"] = np.array([0.0, 10.0, 35.0])[regime] + rng.normal(0, 0.3, rows)
    columns["op2"] = np.array([0.25, 0.7, 0.84])[regime] + rng.normal(0, 0.01, rows)
    phase = rng.uniform(0, 2 * np.pi, rows)
    columns["vx"] = np.cos(phase) * (1 + 0.5 * health) + rng.normal(0, 0.08, rows)
    columns["vy"] = np.sin(phase) * (1 + 0.5 * health) + rng.normal(0, 0.08, rows)
    common = rng.normal(0, 1, rows)
    for index in range(14):
        signs = sensors["signs"][index]
        trend = 2 * health ** sensors["power"][index] * np.sign(signs[0])
        mean = 3 * sensors["offset"][regime, index] + sensors["scale"][regime, index] * trend
        noise = _noise(index, health, common * np.sign(signs[1]), rng)
        columns[f"s{index}"] = _distorted(index, mean + 0.3 * effect @ signs + noise)
    columns["cnt"] = rng.poisson(1 + 6 * health**2).astype(float)
    columns["hours"] = life * health + rng.normal(0, 3, rows)
    columns["alarm"] = np.where(rng.random(rows) < health**4, "on", "off")
    columns["noise"] = rng.uniform(0, 1, rows)
    return pd.DataFrame(columns)


def _noise(index: int, health: Any, common: Any, rng: np.random.Generator) -> Any:
    rows = len(health)
    if index < 4:
        return rng.normal(0, 0.25, rows)
    if index < 7:
        return 0.35 * common + rng.normal(0, 0.1, rows)
    if index < 9:
        return 0.2 * rng.standard_t(3, rows)
    if index < 11:
        return rng.normal(0, 0.1 + 0.5 * health, rows)
    return rng.normal(0, 0.15, rows)


def _distorted(index: int, values: Any) -> Any:
    """A skewed channel, a whole-numbered one, and one with an atom at its lower end."""
    if index == 11:
        return np.exp(0.6 * values)
    if index == 12:
        return np.round(4 * values)
    if index == 13:
        return np.clip(values, np.quantile(values, 0.2), None)
    return values


def skewed(seed: int) -> pd.DataFrame:
    """Four heavily skewed factors, 20 sensors that are linear in them, and RUL.

    Given the others, each column has normal noise, so it is learnt by its z-score and the skewness
    is left to the codes.
    """
    rng = np.random.default_rng(seed)
    factors = np.column_stack(
        [
            rng.exponential(1.0, ROWS),
            rng.lognormal(0.0, 1.0, ROWS),
            rng.gamma(0.5, 2.0, ROWS),
            rng.pareto(3.0, ROWS),
        ]
    )
    weights = np.random.default_rng(_SHAPE_SEED).normal(0.0, 1.0, (4, 20))
    columns = {"rul": 100.0 * factors[:, 0] + rng.normal(0.0, 5.0, ROWS)}
    for index, column in enumerate((factors @ weights).T):
        columns[f"s{index}"] = column + rng.normal(0.0, 0.1 * column.std(), ROWS)
    return pd.DataFrame(columns)


TABLES = {"easy": easy, "hard": hard, "skewed": skewed}
