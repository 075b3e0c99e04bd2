"""Columns become channels of the network and come back."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from GAN.tvae.column_fitting import describe
from GAN.tvae.columns import Labels, Numbers, from_channels, to_channels
from tests.unit.tvae.tables import gaps, near_a_limit


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


def test_labels_of_every_kind_have_an_order(table: pd.DataFrame) -> None:
    columns = describe(gaps(table), {}, np.random.default_rng(0))
    categories = {
        column.name: column.categories for column in columns if isinstance(column, Labels)
    }
    assert categories == {"regime": ("high", "low", "mid", None), "alarm": (False, True)}
