"""Export to a stock `TVAESynthesizer`, which SDV saves, loads and samples without Fleetforge."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from GAN.tvae.columns import Column, Labels
from GAN.tvae.export.relu_stack import Folded, fold
from GAN.tvae.model import TableModel

if TYPE_CHECKING:
    import pandas as pd

#: Rows that SDV decodes at once.
BATCH = 5_000
#: Rows that SDV is given, in addition to those with the extremes of a column.
SHOWN_ROWS = 100
#: Noise that stock adds itself; our noise is in the layers.
_NO_NOISE = 1e-6


def to_stock(
    model: TableModel, frame: pd.DataFrame, metadata: dict[str, Any], table: str, epochs: int
) -> Any:
    """Build a fitted stock synthesizer that samples like our model.

    Args:
        model: Our model.
        frame: The training table, or rows of it that include its extremes.
        metadata: SDV metadata of the table.
        table: Name of the table in the metadata.
        epochs: Epochs of the training.
    """
    from sdv.metadata import Metadata
    from sdv.single_table import TVAESynthesizer

    folded = fold(model, np.random.default_rng(0))
    with warnings.catch_warnings():
        # The warning is about metadata that was not saved to a file.
        warnings.filterwarnings("ignore", message=".*saving the metadata.*")
        synthesizer = TVAESynthesizer(
            Metadata.load_from_dict(metadata),
            enforce_rounding=any(getattr(column, "whole", False) for column in model.columns),
            enable_gpu=False,
            epochs=epochs,
            batch_size=BATCH,
            embedding_dim=folded.inputs,
            decompress_dims=tuple(len(bias) for _, bias in folded.layers[:-1]),
        )

        def install(processed: pd.DataFrame) -> None:
            synthesizer._model = _stock_model(model, folded, processed, synthesizer._model_kwargs)

        synthesizer._fit = install
        synthesizer.fit({table: _extreme_rows(frame)})
        del synthesizer._fit
    return synthesizer


def _stock_model(
    model: TableModel, folded: Folded, processed: pd.DataFrame, settings: dict[str, Any]
) -> Any:
    import pandas as pd
    import torch
    from ctgan import TVAE
    from ctgan.data_transformer import DataTransformer
    from ctgan.synthesizers.tvae import Decoder

    stock = TVAE(**settings)
    infos = [_column_info(column, folded, processed) for column in model.columns]
    transformer = DataTransformer()
    transformer.dataframe = True
    transformer.output_info_list = [info.output_info for info in infos]
    transformer.output_dimensions = sum(info.output_dimensions for info in infos)
    transformer._column_raw_dtypes = processed.infer_objects().dtypes
    transformer._column_transform_info_list = infos
    stock.transformer = transformer
    decoder = Decoder(folded.inputs, settings["decompress_dims"], transformer.output_dimensions)
    linear = [layer for layer in decoder.seq if isinstance(layer, torch.nn.Linear)]
    with torch.no_grad():
        for layer, (weight, bias) in zip(linear, folded.layers, strict=True):
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))
        decoder.sigma.fill_(_NO_NOISE)
    stock.decoder = decoder
    losses = {"Epoch": range(len(model.losses)), "Batch": 0, "Loss": model.losses}
    stock.loss_values = pd.DataFrame(losses)
    return stock


def _column_info(column: Column, folded: Folded, processed: pd.DataFrame) -> Any:
    import pandas as pd
    from ctgan.data_transformer import ColumnTransformInfo, SpanInfo
    from rdt.transformers import ClusterBasedNormalizer, FloatFormatter, OneHotEncoder

    name = column.name
    if isinstance(column, Labels):
        encoder = OneHotEncoder()
        encoder.fit(pd.DataFrame({name: list(column.categories)}), name)
        count = len(column.categories)
        return ColumnTransformInfo(name, "discrete", encoder, [SpanInfo(count, "softmax")], count)

    class Formatter(ClusterBasedNormalizer):  # type: ignore[misc]  # rdt has no type hints
        def _fit(self, data: Any) -> None:  # Without fitting the mixture, which is slow.
            FloatFormatter._fit(self, data)

    normalizer = Formatter(missing_value_generation="from_column", max_clusters=1)
    normalizer.fit(processed[[name]], name)
    normalizer.__class__ = ClusterBasedNormalizer
    normalizer._bgm_transformer = _one_cluster(*folded.ranges[name], normalizer.STD_MULTIPLIER)
    normalizer.valid_component_indicator = np.array([True])
    spans = [SpanInfo(1, "tanh"), SpanInfo(1, "softmax")]
    return ColumnTransformInfo(name, "continuous", normalizer, spans, 2)


def _one_cluster(middle: float, half: float, deviations: float) -> Any:
    """A mixture of one normal distribution; `half` is that many standard deviations."""
    from sklearn.mixture import BayesianGaussianMixture

    mixture = BayesianGaussianMixture(n_components=1)
    mixture.weights_, mixture.means_ = np.ones(1), np.array([[middle]])
    mixture.covariances_ = np.array([[[(half / deviations) ** 2]]])
    mixture.precisions_ = 1.0 / mixture.covariances_
    mixture.precisions_cholesky_ = np.sqrt(mixture.precisions_)
    return mixture


def _extreme_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The first rows, and rows with the smallest and largest value of each column."""
    numbers = frame.select_dtypes("number")
    numbers = numbers.dropna(axis="columns", how="all")
    shown = {*frame.index[:SHOWN_ROWS], *numbers.idxmin(), *numbers.idxmax()}
    for name in frame.columns.difference(numbers.columns):
        shown.update(frame[name].drop_duplicates().index)
    return frame.loc[sorted(shown)]
