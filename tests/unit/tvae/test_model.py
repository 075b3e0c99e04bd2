"""The model of a table: what goes in comes out, in our sampler and in stock SDV's."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from GAN.config.tvae_config import TvaeConfig
from GAN.synthesis.serialization import deserialized, serialized
from GAN.tvae.aggregate_posterior import fit_latent_distribution
from GAN.tvae.column_fitting import describe
from GAN.tvae.columns import Labels, Numbers, from_channels, to_channels
from GAN.tvae.export.relu_stack import fold
from GAN.tvae.export.sdv import to_stock
from GAN.tvae.model import TableModel, fit_model

#: What a fit takes anyway.
LEAST_BYTES = 48_000_000


def mixed(rows: int, seed: int) -> pd.DataFrame:
    """Regimes, a skewed and a heavy-tailed sensor, a count, an atom, labels, a constant."""
    rng = np.random.default_rng(seed)
    health, regime = rng.random(rows), rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    load = np.array([0.0, 10.0, 35.0])[regime]
    return pd.DataFrame(
        {
            "health": health,
            "regime": np.array(["low", "mid", "high"], dtype=object)[regime],
            "load": load + rng.normal(0, 0.3, rows),
            "wear": 3 * health + 0.05 * load + rng.normal(0, 0.2, rows),
            "skewed": np.exp(2 * health + rng.normal(0, 0.2, rows)),
            "tailed": health + 0.2 * rng.standard_t(3, rows),
            "count": rng.poisson(1 + 5 * health).astype(np.int64),
            "floored": np.maximum(health - 0.3 + rng.normal(0, 0.1, rows), 0.0),
            "alarm": rng.random(rows) < health**3,
            "same": 4.0,
        }
    )


def gaps(frame: pd.DataFrame) -> pd.DataFrame:
    """Where the health is low the wear is often not measured."""
    rng = np.random.default_rng(9)
    missing = rng.random(len(frame)) < 0.6 * (1 - frame["health"])
    return frame.assign(
        wear=frame["wear"].where(~missing),
        regime=frame["regime"].where(rng.random(len(frame)) > 0.1),
    )


def c2st_auc(a: pd.DataFrame, b: pd.DataFrame) -> float:
    """AUC of a classifier that separates the rows of two tables; 0.5 means not separable."""
    both = pd.concat([a, b]).apply(lambda c: c if c.dtype.kind == "f" else pd.factorize(c)[0])
    origin = np.repeat([0, 1], [len(a), len(b)])
    judge = HistGradientBoostingClassifier(max_iter=40, random_state=0)
    shares = cross_val_predict(judge, both, origin, cv=3, method="predict_proba")[:, 1]
    return float(roc_auc_score(origin, shares))


def learn(frame: pd.DataFrame, epochs: int = 40, seed: int = 0, **limits: Any) -> TableModel:
    return fit_model(frame, TvaeConfig(epochs=epochs), seed, lambda _loss: None, limits)[0]


def near_a_limit() -> tuple[pd.DataFrame, TableModel]:
    """A number of which many values are close to the least that is possible, and its model."""
    rng = np.random.default_rng(0)
    x = np.abs(rng.normal(size=5_000))
    frame = pd.DataFrame({"x": x, "y": x + rng.normal(0, 0.05, 5_000)})
    return frame, learn(frame, 10, x=(0.0, 10.0), y=(-1.0, 10.0))


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
def table() -> pd.DataFrame:
    return mixed(4_000, 0)


@pytest.fixture(scope="module")
def model(table: pd.DataFrame) -> TableModel:
    return learn(table)


class TestColumns:
    @given(
        values=st.lists(
            st.one_of(st.floats(-1e6, 1e6), st.integers(-5, 5).map(float)), min_size=2, max_size=300
        )
    )
    @settings(max_examples=60)
    def test_numbers_come_back_from_their_quantiles(self, values: list[float]) -> None:
        frame = pd.DataFrame({"x": values})
        rng = np.random.default_rng(0)
        (column,) = describe(frame, {}, rng)
        assert isinstance(column, Numbers)
        if column.constant:
            return
        back = column.from_channel(column.to_channel(frame["x"].to_numpy(), rng))
        spread = max(values) - min(values)
        np.testing.assert_allclose(back, values, atol=0.01 * spread + 1e-9)
        assert min(values) <= back.min() <= back.max() <= max(values)

    def test_ties_and_labels_come_back_exactly(self, table: pd.DataFrame) -> None:
        rng = np.random.default_rng(0)
        columns = describe(table, {}, rng)
        continuous, blocks = to_channels(table, columns, rng)
        back = from_channels(continuous, [block.argmax(axis=1) for block in blocks], columns)
        for name in ("regime", "count", "alarm", "same"):
            pd.testing.assert_series_equal(back[name], table[name])
        floored = table["floored"] == 0
        assert (back["floored"][floored] < 1e-3).all()

    def test_a_channel_is_as_good_as_normal_even_with_ties(self, table: pd.DataFrame) -> None:
        rng = np.random.default_rng(0)
        columns = describe(table, {}, rng)
        continuous, _ = to_channels(table, columns, rng)
        varying = [column for column in columns if column.width]
        for column, channel in zip(varying, continuous.T, strict=True):
            if isinstance(column, Numbers) and column.z_score is None:
                assert ks_2samp(channel, rng.standard_normal(20_000)).statistic < 0.04

    def test_each_number_is_learnt_on_the_scale_of_its_noise(self, table: pd.DataFrame) -> None:
        columns = describe(table, {}, np.random.default_rng(0))
        plain = {c.name for c in columns if isinstance(c, Numbers) and c.z_score is not None}
        assert {"health", "wear"} <= plain
        assert plain.isdisjoint({"load", "count", "floored", "same"})

    def test_a_number_that_varies_beyond_what_is_possible_is_folded_not_piled_up(self) -> None:
        _, learnt = near_a_limit()
        rows = learnt.sample(20_000, 1)
        assert rows["x"].min() >= 0
        assert (rows["x"] < 0.001).mean() < 0.003

    def test_whole_numbers_in_a_column_of_floats_stay_whole(self) -> None:
        """And within the limits, also where these have a fraction."""
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"few": rng.poisson(3, 2_000), "many": rng.normal(9e3, 2e3, 2_000)})
        frame = frame.round().astype(float)
        limits = {"few": (-0.4, 9.6), "many": (6_000.4, 12_000.6)}
        for column in describe(frame, limits, rng):
            assert isinstance(column, Numbers)
            made = column.from_channel(rng.normal(0, 1.2, 5_000))
            low, high = limits[column.name]
            assert (made == np.round(made)).all()
            assert low <= made.min() <= made.max() <= high

    def test_no_scale_gives_what_is_beyond_the_limits_though_the_data_have_it(self) -> None:
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"x": np.maximum(rng.normal(size=2_000), 0.0), "y": rng.random(2_000)})
        for column in describe(frame, {"x": (0.2, 1.5), "y": (0.1, 0.9)}, rng):
            assert isinstance(column, Numbers)
            made = column.from_channel(rng.standard_normal(5_000))
            assert column.low <= made.min() <= made.max() <= column.high


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

    @pytest.mark.parametrize(("rows", "columns"), [(1_000_000, 2), (5_000, 50)])
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


class TestLatentDistribution:
    @pytest.mark.parametrize("kind", ["clustered", "smooth", "curved"])
    def test_it_draws_codes_like_those_it_was_fitted_to(self, kind: str) -> None:
        rng = np.random.default_rng(0)
        codes = rng.gamma(2.0, size=(6_000, 4))
        if kind == "clustered":
            codes = np.sign(codes - 2) * 4 + rng.normal(size=(6_000, 4))
        if kind == "smooth":
            codes[:, 1] += codes[:, 0]
        if kind == "curved":
            codes[:, 1] = (codes[:, 0] - 2) ** 2 + 0.3 * rng.normal(size=6_000)
        drawn = fit_latent_distribution(codes, np.zeros_like(codes), rng).draw(6_000, rng)
        for seen, made in zip(codes.T, drawn.T, strict=True):
            assert ks_2samp(seen, made).statistic < 0.04
        assert np.abs(np.corrcoef(codes.T) - np.corrcoef(drawn.T)).max() < 0.06
        assert c2st_auc(*(pd.DataFrame(rows) for rows in (codes, drawn))) < 0.68

    def test_inactive_dimensions_stay_normal(self) -> None:
        rng = np.random.default_rng(0)
        means = np.column_stack([rng.uniform(-2, 2, 4_000), rng.normal(0, 0.03, 4_000)])
        latents = fit_latent_distribution(means, np.tile([0.1, 1.0], (4_000, 1)), rng)
        assert latents.used.tolist() == [0]
        drawn = latents.draw(20_000, rng)
        assert ks_2samp(drawn[:, 0], means[:, 0] + 0.1 * rng.normal(size=4_000)).statistic < 0.04
        assert ks_2samp(drawn[:, 1], rng.normal(size=20_000)).statistic < 0.02

    @pytest.mark.parametrize("varying", [0, 1, 3])
    def test_stock_layers_give_the_codes_that_it_draws(self, varying: int) -> None:
        rng = np.random.default_rng(0)
        means = np.zeros((3_000, 3))
        means[:, :varying] = np.sign(rng.normal(size=(3_000, varying)))
        means[:, :varying] *= 0.5 * rng.gamma(2.0, size=(3_000, varying))
        latents = fit_latent_distribution(means, np.full(means.shape, 0.3), rng)
        model = TableModel(
            columns=tuple(
                Numbers(
                    f"x{index}",
                    "float64",
                    False,
                    False,
                    *[np.array([-9.0, 9.0])] * 2,
                    -99.0,
                    99.0,
                    z_score=(0.0, 1.0),
                )
                for index in range(3)
            ),
            latent_distribution=latents,
            layers=((np.eye(6, 3, dtype=np.float32), np.zeros(6, np.float32)),),
            noise=np.full(3, 1e-6, np.float32),
            losses=(0.0,),
        )
        folded = fold(model, rng)
        rows = rng.standard_normal((6_000, folded.inputs))
        for weight, bias in folded.layers[:-1]:
            rows = np.maximum(rows @ weight.T + bias, 0.0)
        weight, bias = folded.layers[-1]
        reached = np.tanh((rows @ weight.T + bias)[:, ::2])
        ranges = np.array([folded.ranges[f"x{index}"] for index in range(3)])
        codes, drawn = ranges[:, 0] + ranges[:, 1] * reached, latents.draw(6_000, rng)
        for own, stock in zip(drawn.T, codes.T, strict=True):
            assert ks_2samp(own, stock).statistic < 0.04


def test_labels_of_every_kind_have_an_order(table: pd.DataFrame) -> None:
    columns = describe(gaps(table), {}, np.random.default_rng(0))
    categories = {
        column.name: column.categories for column in columns if isinstance(column, Labels)
    }
    assert categories == {"regime": ("high", "low", "mid", None), "alarm": (False, True)}
