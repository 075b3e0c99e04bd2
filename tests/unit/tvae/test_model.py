"""The model of a table: what goes in comes out, in our sampler and in stock SDV's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from errors import StageError
from GAN.config.tvae_config import TvaeConfig
from GAN.synthesis.serialization import deserialized, serialized
from GAN.tvae.export.sdv import to_stock
from GAN.tvae.model import TableModel, fit_model
from tests.unit.tvae.tables import c2st_auc, gaps, learn, mixed, near_a_limit

#: What a fit takes anyway.
LEAST_BYTES = 48_000_000


def sampled_by_stock(model: TableModel, frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    labels = ("regime", "alarm")
    columns = {n: {"sdtype": "categorical" if n in labels else "numerical"} for n in frame}
    metadata = {
        "tables": {"t": {"columns": columns}},
        "relationships": [],
        "METADATA_SPEC_VERSION": "V2",
    }
    sampled: pd.DataFrame = to_stock(model, frame, metadata, "t", 40).sample(rows)["t"]
    return sampled[list(frame)]


@pytest.fixture(scope="module")
def model(table: pd.DataFrame) -> TableModel:
    return learn(table)


class TestFidelity:
    def test_rows_are_hard_to_tell_from_those_learnt(
        self, table: pd.DataFrame, model: TableModel
    ) -> None:
        rows = model.sample(4_000, 1)
        assert list(rows) == list(table)
        assert rows.dtypes.to_dict() == table.dtypes.to_dict()
        assert (
            c2st_auc(table, mixed(4_000, 5)) < 0.55
        )  # The classifier is able to separate other tables.
        assert c2st_auc(table, rows) < 0.70

    def test_each_column_has_its_distribution(self, table: pd.DataFrame, model: TableModel) -> None:
        rows = model.sample(20_000, 1)
        for name in table.select_dtypes("number"):
            assert ks_2samp(table[name], rows[name]).statistic < 0.05, name
        for name in ("regime", "alarm"):
            shares = (frame[name].value_counts(normalize=True) for frame in (table, rows))
            np.testing.assert_allclose(*(s.sort_index() for s in shares), atol=0.03)

    def test_columns_go_together_as_they_did(self, table: pd.DataFrame, model: TableModel) -> None:
        rows = model.sample(20_000, 1)
        ranked = (frame.select_dtypes("number").drop(columns="same") for frame in (table, rows))
        seen, made = (frame.rank().corr().to_numpy() for frame in ranked)
        assert np.abs(seen - made).mean() < 0.02

    def test_values_are_missing_where_they_were(self, table: pd.DataFrame) -> None:
        frame = gaps(table)
        rows = learn(frame).sample(10_000, 1)
        for low, high in ((0.0, 0.3), (0.7, 1.0)):
            seen, made = (
                f.loc[f["health"].between(low, high), "wear"].isna().mean() for f in (frame, rows)
            )
            assert made == pytest.approx(seen, abs=0.07)
        assert rows["regime"].isna().mean() == pytest.approx(0.1, abs=0.03)

    def test_no_row_is_nearer_to_those_learnt_than_to_others(self) -> None:
        learnt, held_out = mixed(2_000, 1), mixed(2_000, 2)
        rows = learn(learnt).sample(2_000, 3)
        numbers = ["health", "load", "wear", "skewed", "tailed", "floored"]
        scale = learnt[numbers].std().to_numpy()
        points = [frame[numbers].to_numpy() / scale for frame in (learnt, held_out, rows)]
        nearest = [
            np.min([((points[2] - point) ** 2).sum(axis=1) for point in of], axis=0)
            for of in points[:2]
        ]
        assert np.mean(nearest[0] < nearest[1]) == pytest.approx(0.5, abs=0.06)


class TestSampling:
    def test_the_same_seed_gives_the_same_model_and_rows(self, table: pd.DataFrame) -> None:
        head = table.head(600)
        first, again, other = (learn(head, 3, seed) for seed in (1, 1, 2))
        assert first.losses == again.losses != other.losses
        pd.testing.assert_frame_equal(first.sample(80, 4), again.sample(80, 4), check_exact=True)
        assert not first.sample(80, 4).equals(first.sample(80, 5))

    def test_a_model_survives_as_built_in_types(self, model: TableModel) -> None:
        back = deserialized(serialized(model))
        pd.testing.assert_frame_equal(back.sample(50, 1), model.sample(50, 1), check_exact=True)

    @pytest.mark.parametrize(
        ("rows", "columns"), [(20, ["wear", "regime"]), (300, ["count"]), (300, ["same"])]
    )
    def test_small_and_narrow_tables_are_learnt_too(self, rows: int, columns: list[str]) -> None:
        made = learn(mixed(rows, 0)[columns], 3).sample(500, 1)
        assert len(made) == 500
        assert not made.isna().to_numpy().any()

    @pytest.mark.parametrize(("rows", "columns"), [(600_000, 2), (5_000, 50)])
    def test_a_fit_takes_little_more_memory_than_its_table(self, rows: int, columns: int) -> None:
        command = [sys.executable, "-m", "tests.unit.peak_memory", str(rows), str(columns)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        assert 0 < found["took"] < max(6 * found["table"], LEAST_BYTES)


@pytest.fixture(scope="module")
def stock_rows(table: pd.DataFrame, model: TableModel) -> pd.DataFrame:
    return sampled_by_stock(model, table, 4_000)


class TestStock:
    def test_stock_samples_rows_of_the_same_fidelity(
        self, table: pd.DataFrame, stock_rows: pd.DataFrame
    ) -> None:
        for name in table.select_dtypes("number"):
            made = stock_rows[name].round(3)  # It decodes in single precision.
            assert ks_2samp(table[name].round(3), made).statistic < 0.06, name
        assert c2st_auc(table, stock_rows) < 0.75

    def test_stock_draws_labels_by_their_share_in_each_place(
        self, table: pd.DataFrame, stock_rows: pd.DataFrame
    ) -> None:
        for low, high in ((0.2, 0.5), (0.6, 0.8), (0.9, 1.0)):
            seen, made = (
                f.loc[f["health"].between(low, high), "alarm"].astype(bool).mean()
                for f in (table, stock_rows)
            )
            assert made == pytest.approx(seen, abs=0.1)

    def test_whole_numbers_stay_whole(self, stock_rows: pd.DataFrame) -> None:
        count = stock_rows["count"]
        assert (count == count.round()).all()

    def test_stock_folds_at_what_is_possible_too(self) -> None:
        frame, learnt = near_a_limit()
        rows = sampled_by_stock(learnt, frame, 20_000)
        assert rows["x"].min() >= 0
        assert (rows["x"] < 0.001).mean() < 0.003

    def test_a_table_with_an_empty_column_can_be_sampled_by_stock(
        self, table: pd.DataFrame
    ) -> None:
        frame = table[["health", "wear"]].assign(never=np.nan)
        assert sampled_by_stock(learn(frame, 1), frame, 50)["never"].isna().all()


ODD: dict[str, Callable[[np.random.Generator], Any]] = {
    "huge": lambda rng: 1e300 * rng.normal(size=2_000),
    "one huge value": lambda rng: np.append(rng.normal(size=1_999), 1e300),
    "huge on both sides": lambda rng: np.append(rng.normal(size=1_998), [1e300, -1e300]),
    "all magnitudes": lambda rng: np.exp(100.0 * rng.normal(size=2_000)),
    "a huge offset": lambda rng: 1e12 + rng.normal(size=2_000),
    "an offset that hides everything": lambda rng: 1e17 + rng.normal(size=2_000),
    "tiny": lambda rng: 1e-300 * rng.normal(size=2_000),
    "constant and huge": lambda _: np.full(2_000, 1e300),
    "constant but once": lambda _: np.append(np.full(1_999, 5.0), 1e9),
    "no moments": lambda rng: rng.standard_cauchy(2_000),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ODD)
def test_numbers_of_any_size_are_learnt(kind: str) -> None:
    rng = np.random.default_rng(0)
    usual = rng.normal(size=2_000)
    frame = pd.DataFrame({"usual": usual, "odd": ODD[kind](rng)})
    model = learn(frame, epochs=10)
    assert model.losses[-1] < model.losses[0]
    rows = model.sample(2_000, 1)
    assert rows["odd"].between(frame["odd"].min(), frame["odd"].max()).all()
    # Only the statistic counts: an exact p-value cannot always be calculated, which is a warning.
    assert ks_2samp(rows["usual"], usual, method="asymp").statistic < 0.1
    assert ks_2samp(rows["odd"], frame["odd"], method="asymp").statistic < 0.1


def test_a_training_that_diverges_names_a_column_and_what_to_do() -> None:
    frame = pd.DataFrame({"a": np.linspace(0.0, 7.0, 500), "b": np.linspace(1.0, 2.0, 500)})
    settings = TvaeConfig(epochs=500, learning_rate=10.0)
    with pytest.raises(StageError) as error:
        fit_model(frame, settings, 0, lambda _loss: None)
    assert re.fullmatch(
        r"the training diverged in epoch \d+: loss \S+; column '(a', with values from 0 to 7|"
        r"b', with values from 1 to 2), is furthest off: correct it, leave it out, or train fewer "
        r"epochs",
        str(error.value),
    )
