"""Targets, and whether they are met: medians over the seeds, ratios within one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from statistics import median

from benchmarks.gan.measure import Run
from benchmarks.gan.metrics import MORE_IS_BETTER, Fidelity


@dataclass(frozen=True)
class Medians:
    """Medians over all fits of one system on one table."""

    fit_seconds: float
    sample_seconds: float
    fidelity: Fidelity

    @classmethod
    def of(cls, runs: list[Run], table: str, system: str) -> Medians:
        """Medians over the runs of this table and system."""
        own = [run for run in runs if (run.table, run.system) == (table, system)]
        metrics = {
            field.name: float(median(getattr(run.fidelity, field.name) for run in own))
            for field in fields(Fidelity)
        }
        return cls(
            fit_seconds=median(run.fit_seconds for run in own),
            sample_seconds=median(run.sample_seconds for run in own),
            fidelity=Fidelity(**metrics),
        )


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        of: Table and system.
        asked: The target in words.
        measured: The result.
        met: Whether it is met.
    """

    of: str
    asked: str
    measured: str
    met: bool


def judged(
    runs: list[Run], learnt_from_real: dict[str, float], short: str, in_stock: str, default: str
) -> list[Target]:
    """Judge all targets.

    Args:
        runs: Runs on both tables.
        learnt_from_real: R² of RUL forecasts trained on the table itself, by table.
        short: Our system with few epochs.
        in_stock: The same, sampled by stock SDV.
        default: Our system with the default epochs, on the hard table only.
    """
    found = [
        *_of(runs, "easy", short, learnt_from_real["easy"]).all(120, 0.55, 0.003, 0.98, 0.005),
        *_of(runs, "easy", in_stock, learnt_from_real["easy"]).all(120, 0.55, 0.003, 0.98, 0.005),
        *_of(runs, "hard", short, learnt_from_real["hard"]).faster(80),
        *_of(runs, "hard", default, learnt_from_real["hard"]).all(20, 0.90, 0.01),
    ]
    return found + [
        target
        for table in ("easy", "hard")
        for target in _of(runs, table, short, learnt_from_real[table]).sampling(8)
    ]


def _of(runs: list[Run], table: str, system: str, learnt_from_real: float) -> _Comparison:
    return _Comparison(
        f"{table}, {system}",
        Medians.of(runs, table, system),
        Medians.of(runs, table, "stock"),
        learnt_from_real,
    )


@dataclass(frozen=True)
class _Comparison:
    """One of our systems against stock."""

    name: str
    ours: Medians
    stock: Medians
    learnt_from_real: float

    def all(
        self, faster: float, auc: float, r2: float, ks: float = 0.0, correlation: float = 1.0
    ) -> Iterator[Target]:
        """Speed and metrics."""
        yield from self.faster(faster)
        metrics = self.ours.fidelity
        worst = max(metrics.pearson, metrics.spearman)
        least = self.learnt_from_real - r2
        yield self._target(f"AUC ≤ {auc}", f"{metrics.auc:.3f}", metrics.auc <= auc)
        yield self._target(f"R² ≥ {least:.4f}", f"{metrics.r2:.4f}", metrics.r2 >= least)
        if ks:
            yield self._target(f"KS ≥ {ks}", f"{metrics.ks:.4f}", metrics.ks >= ks)
            asked = f"correlation error ≤ {correlation}"
            yield self._target(asked, f"{worst:.4f}", worst <= correlation)

    def faster(self, times: float) -> Iterator[Target]:
        """A shorter fit, and no metric worse than stock's."""
        ratio = self.stock.fit_seconds / self.ours.fit_seconds
        yield self._target(f"fit ≥ {times:g}×", f"{ratio:.0f}×", ratio >= times)
        worse = [field.name for field in fields(Fidelity) if self._worse(field.name)]
        yield self._target("no metric worse than stock's", ", ".join(worse) or "none", not worse)

    def sampling(self, times: float) -> Iterator[Target]:
        """Faster sampling."""
        ratio = self.stock.sample_seconds / self.ours.sample_seconds
        yield self._target(f"sampling ≥ {times:g}×", f"{ratio:.1f}×", ratio >= times)

    def _worse(self, metric: str) -> bool:
        own, stock = (getattr(of.fidelity, metric) for of in (self.ours, self.stock))
        return bool(own < stock if metric in MORE_IS_BETTER else own > stock)

    def _target(self, asked: str, measured: str, met: bool) -> Target:
        return Target(self.name, asked, measured, met)
