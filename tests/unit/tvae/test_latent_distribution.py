"""The distribution of the latent codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from GAN.tvae.aggregate_posterior import fit_latent_distribution
from GAN.tvae.columns import Numbers
from GAN.tvae.export.relu_stack import fold
from GAN.tvae.model import TableModel
from tests.unit.tvae.tables import c2st_auc


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
