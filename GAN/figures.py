"""The figures of the quality page: seed data in blue, synthetic data in orange."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from GAN.in_time import LAGS, autocorrelation, long_lives
from GAN.lives import life_fraction
from GAN.profile import MachineProfile, Sensor

if TYPE_CHECKING:
    import pandas as pd

SEED_COLOUR = "#1f5c99"
SYNTHETIC_COLOUR = "#e07b2e"
SEED_FILL = "rgba(31, 92, 153, 0.28)"
SYNTHETIC_FILL = "rgba(224, 123, 46, 0.28)"
NORMAL_FILL = "rgba(46, 139, 87, 0.12)"
FAILURE_COLOUR = "#b3261e"

PER_ROW = 3
ROW_HEIGHT = 230
BINS = 50
#: Points drawn of one life: more cannot be told apart in a small panel.
LIFE_POINTS = 300
#: A heat map of more columns than this shows colours only.
NUMBERED_COLUMNS = 12


def loss_figure(loss_history: Sequence[float]) -> Any:
    """Mean loss of each epoch of the training."""
    import plotly.graph_objects as go

    epochs = np.arange(1, len(loss_history) + 1)
    line = go.Scatter(x=epochs, y=np.array(loss_history), line={"color": SEED_COLOUR, "width": 2})
    figure = go.Figure(line)
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(title="mean loss")
    return _styled(figure, 300)


def distribution_figure(
    seed: pd.DataFrame, synthetic: pd.DataFrame, profile: MachineProfile
) -> Any:
    """Density of RUL and of each sensor, seed over synthetic, in common bins."""
    import plotly.graph_objects as go

    panels = [("rul_hours", "h"), *((sensor.name, sensor.unit) for sensor in profile.sensors)]
    figure = _grid([f"{name} [{unit}]" for name, unit in panels])
    for index, (name, _) in enumerate(panels):
        both = np.concatenate([seed[name], synthetic[name]])
        edges = np.histogram_bin_edges(both[np.isfinite(both)], BINS)
        for frame, colour, fill in (
            (seed, SEED_COLOUR, SEED_FILL),
            (synthetic, SYNTHETIC_COLOUR, SYNTHETIC_FILL),
        ):
            density, _ = np.histogram(frame[name], edges, density=True)
            steps = go.Scatter(
                x=edges,
                y=np.append(density, density[-1]),
                line={"color": colour, "width": 1.2, "shape": "hv"},
                fill="tozeroy",
                fillcolor=fill,
                hoverinfo="skip",
            )
            figure.add_trace(steps, row=index // PER_ROW + 1, col=index % PER_ROW + 1)
    figure.update_yaxes(showticklabels=False)
    return figure


def correlation_figure(seed: pd.DataFrame, synthetic: pd.DataFrame, profile: MachineProfile) -> Any:
    """Pearson correlation of RUL and the sensors: seed, synthetic, and synthetic minus seed."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    names = ["rul_hours", *(sensor.name for sensor in profile.sensors)]
    of_seed, of_synthetic = seed[names].corr(), synthetic[names].corr()
    titles = ["seed", "synthetic", "synthetic - seed"]
    figure = make_subplots(
        rows=1, cols=3, subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.02
    )
    for index, table in enumerate([of_seed, of_synthetic, of_synthetic - of_seed]):
        heat = go.Heatmap(
            z=table.to_numpy().round(3),
            x=names,
            y=names,
            coloraxis="coloraxis",
            texttemplate="%{z:.2f}" if len(names) <= NUMBERED_COLUMNS else None,
            textfont={"size": 10},
            hovertemplate="%{y}, %{x}: %{z:.2f}<extra></extra>",
        )
        figure.add_trace(heat, row=1, col=index + 1)
    figure.update_layout(
        coloraxis={"colorscale": "RdBu_r", "cmin": -1, "cmax": 1, "colorbar": {"thickness": 12}}
    )
    figure.update_xaxes(tickangle=-60, showgrid=False, ticks="")
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return _styled(figure, 260 + 22 * len(names))


def autocorrelation_figure(
    seed: pd.DataFrame, synthetic: pd.DataFrame, profile: MachineProfile
) -> Any:
    """Autocorrelation of each sensor from row to row, mean over lives."""
    import plotly.graph_objects as go

    names = [sensor.name for sensor in profile.sensors]
    figure = _grid(names)
    for frame, colour in ((seed, SEED_COLOUR), (synthetic, SYNTHETIC_COLOUR)):
        lives = [autocorrelation(life[names].to_numpy()) for life in long_lives(frame)]
        if not lives:
            continue
        for index, line in enumerate(np.mean(lives, axis=0).T):
            drawn = go.Scatter(x=list(LAGS), y=line.round(4), line={"color": colour, "width": 1.6})
            figure.add_trace(drawn, row=index // PER_ROW + 1, col=index % PER_ROW + 1)
    figure.update_yaxes(range=[-0.1, 1])
    figure.update_xaxes(dtick=3)
    return figure


def life_figure(seed: pd.DataFrame, synthetic: pd.DataFrame, profile: MachineProfile) -> Any:
    """One life of each sensor, of a failure mode that drives it, over life fraction.

    The green band is the normal range, the dashed line the failure value.
    """
    import plotly.graph_objects as go

    figure = _grid([f"{sensor.name} [{sensor.unit}]" for sensor in profile.sensors])
    shapes: list[dict[str, Any]] = []
    for index, sensor in enumerate(profile.sensors):
        place = {"row": index // PER_ROW + 1, "col": index % PER_ROW + 1}
        life, imitation = _lives_of(seed, synthetic, _driving_modes(profile, sensor))
        seen = go.Scatter(
            **_points(life, sensor), line={"color": SEED_COLOUR, "width": 1.3}, hoverinfo="skip"
        )
        made = go.Scatter(
            **_points(imitation, sensor),
            mode="markers",
            marker={"color": SYNTHETIC_COLOUR, "size": 3.5, "opacity": 0.6},
            hoverinfo="skip",
        )
        figure.add_trace(made, **place)
        figure.add_trace(seen, **place)
        shapes += _range_shapes(index, sensor)
    # All at once: one by one each is checked against the whole layout.
    figure.update_layout(shapes=shapes)
    figure.update_xaxes(range=[0, 1], dtick=0.25)
    return figure


def _range_shapes(index: int, sensor: Sensor) -> list[dict[str, Any]]:
    """Normal band and failure value behind one panel of a grid."""
    axis = "" if index == 0 else str(index + 1)
    across = {"xref": f"x{axis} domain", "yref": f"y{axis}", "x0": 0, "x1": 1, "layer": "below"}
    band = {"type": "rect", "y0": sensor.normal.min, "y1": sensor.normal.max}
    shapes = [{**band, "fillcolor": NORMAL_FILL, "line": {"width": 0}, **across}]
    if sensor.failure is not None:
        dashed = {"color": FAILURE_COLOUR, "width": 1, "dash": "dash"}
        line = {"type": "line", "y0": sensor.failure, "y1": sensor.failure, "line": dashed}
        shapes.append({**line, **across})
    return shapes


def _driving_modes(profile: MachineProfile, sensor: Sensor) -> list[str]:
    """Failure modes to show a sensor in: those that drive it first, then the others."""
    modes = sorted(profile.failure_modes, key=lambda mode: sensor.name not in mode.sensors)
    return [mode.name for mode in modes]


def _lives_of(
    seed: pd.DataFrame, synthetic: pd.DataFrame, modes: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first life of each table that ended by the first mode which both of them have."""
    ended_by = set(seed["failure_mode"]) & set(synthetic["failure_mode"])
    mode = next((mode for mode in modes if mode in ended_by), None)
    lives = []
    for frame in (seed, synthetic):
        of_mode = frame if mode is None else frame[frame["failure_mode"] == mode]
        lives.append(of_mode[of_mode["unit_id"] == of_mode["unit_id"].iloc[0]])
    return lives[0], lives[1]


def _points(life: pd.DataFrame, sensor: Sensor) -> dict[str, Any]:
    rows = np.linspace(0, len(life) - 1, min(len(life), LIFE_POINTS)).astype(int)
    few = life.iloc[rows]
    return {"x": life_fraction(few).to_numpy(), "y": few[sensor.name].to_numpy()}


def _grid(titles: Sequence[str]) -> Any:
    """Small panels, `PER_ROW` in a row."""
    from plotly.subplots import make_subplots

    rows = -(-len(titles) // PER_ROW)
    height = ROW_HEIGHT * rows + 60
    figure = make_subplots(
        rows=rows,
        cols=PER_ROW,
        subplot_titles=titles,
        vertical_spacing=60 / height,
        horizontal_spacing=0.05,
    )
    return _styled(figure, height)


def _styled(figure: Any, height: int) -> Any:
    figure.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 50, "r": 20, "t": 36, "b": 40},
        font={"family": "system-ui, sans-serif", "size": 12, "color": "#333"},
        showlegend=False,
    )
    figure.update_annotations(font_size=13)
    return figure
