"""The plots of the quality page: seed data in blue, synthetic data in orange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from GAN.datasets.run_to_failure import life_fraction
from GAN.evaluation.temporal import LAGS, autocorrelation, long_lives
from GAN.profiles.profile import MachineProfile, Sensor

if TYPE_CHECKING:
    import pandas as pd

SEED_COLOUR = "#1f5c99"
SYNTHETIC_COLOUR = "#e07b2e"
SEED_FILL = "rgba(31, 92, 153, 0.28)"
SYNTHETIC_FILL = "rgba(224, 123, 46, 0.28)"
NORMAL_FILL = "rgba(46, 139, 87, 0.12)"
FAILURE_COLOUR = "#b3261e"

#: From -1 (blue) over 0 (white) to 1 (red): ColorBrewer's RdBu, reversed.
DIVERGING = [
    [0.0, "#053061"],
    [0.25, "#6aacd0"],
    [0.5, "#f7f7f7"],
    [0.75, "#e58368"],
    [1.0, "#67001f"],
]
NOTHING: Mapping[str, Any] = MappingProxyType({})

PER_ROW = 3
ROW_HEIGHT = 230
BINS = 50
#: Points drawn of one life: more cannot be distinguished in a small panel.
LIFE_POINTS = 300
#: A heat map of more columns than this shows colours only.
NUMBERED_COLUMNS = 12


#: A plot in the JSON format of plotly.js. Plotly's Python classes validate every part, which took
#: longer than drawing all plots of the page.
Figure = dict[str, Any]


def loss_figure(loss_history: Sequence[float]) -> Figure:
    """Mean loss of each epoch of the training."""
    epochs = list(range(1, len(loss_history) + 1))
    line = {"x": epochs, "y": list(loss_history), "line": {"color": SEED_COLOUR, "width": 2}}
    axes = {"xaxis": {"title": {"text": "epoch"}}, "yaxis": {"title": {"text": "mean loss"}}}
    return _styled([{"type": "scatter", **line}], axes, 300)


def distribution_figure(
    seed: pd.DataFrame, synthetic: pd.DataFrame, profile: MachineProfile
) -> Figure:
    """Density of RUL and of each sensor, seed over synthetic, in common bins."""
    panels = [("rul_hours", "h"), *((sensor.name, sensor.unit) for sensor in profile.sensors)]
    traces = []
    for index, (name, _) in enumerate(panels):
        both = np.concatenate([seed[name], synthetic[name]])
        edges = np.histogram_bin_edges(both[np.isfinite(both)], BINS)
        for frame, colour, fill in (
            (seed, SEED_COLOUR, SEED_FILL),
            (synthetic, SYNTHETIC_COLOUR, SYNTHETIC_FILL),
        ):
            density, _ = np.histogram(frame[name], edges, density=True)
            steps = {
                "x": edges,
                "y": np.append(density, density[-1]),
                "line": {"color": colour, "width": 1.2, "shape": "hv"},
                "fill": "tozeroy",
                "fillcolor": fill,
                "hoverinfo": "skip",
            }
            traces.append(_in_panel(index, steps))
    return _grid([f"{name} [{unit}]" for name, unit in panels], traces, y={"showticklabels": False})


def correlation_figure(
    seed: pd.DataFrame, synthetic: pd.DataFrame, profile: MachineProfile
) -> Figure:
    """Pearson correlation of RUL and the sensors: seed, synthetic, and synthetic minus seed."""
    names = ["rul_hours", *(sensor.name for sensor in profile.sensors)]
    of_seed, of_synthetic = seed[names].corr(), synthetic[names].corr()
    titles = ["seed", "synthetic", "synthetic - seed"]
    traces = []
    for index, table in enumerate([of_seed, of_synthetic, of_synthetic - of_seed]):
        heat = {
            "z": table.round(3).to_numpy(),
            "x": names,
            "y": names,
            "coloraxis": "coloraxis",
            "textfont": {"size": 10},
            "hovertemplate": "%{y}, %{x}: %{z:.2f}<extra></extra>",
        }
        if len(names) <= NUMBERED_COLUMNS:
            heat["texttemplate"] = "%{z:.2f}"
        traces.append(_in_panel(index, heat, kind="heatmap"))
    bare = {"showgrid": False, "ticks": ""}
    figure = _grid(
        titles,
        traces,
        x=bare | {"tickangle": -60},
        y=bare | {"autorange": "reversed"},
        height=260 + 22 * len(names),
    )
    for axis in ("yaxis2", "yaxis3"):  # The names are at the first panel.
        figure["layout"][axis] |= {"matches": "y", "showticklabels": False}
    colours = {"colorscale": DIVERGING, "cmin": -1, "cmax": 1, "colorbar": {"thickness": 12}}
    figure["layout"] |= {"coloraxis": colours}
    figure["layout"]["grid"] |= {"xgap": 0.06}
    return figure


def autocorrelation_figure(
    seed: pd.DataFrame, synthetic: pd.DataFrame, profile: MachineProfile
) -> Figure:
    """Autocorrelation of each sensor, mean over lives."""
    names = [sensor.name for sensor in profile.sensors]
    traces = []
    for frame, colour in ((seed, SEED_COLOUR), (synthetic, SYNTHETIC_COLOUR)):
        lives = [autocorrelation(life[names].to_numpy()) for life in long_lives(frame)]
        if not lives:
            continue
        for index, line in enumerate(np.mean(lives, axis=0).T):
            drawn = {"x": list(LAGS), "y": line.round(4), "line": {"color": colour, "width": 1.6}}
            traces.append(_in_panel(index, drawn))
    return _grid(names, traces, x={"dtick": 3}, y={"range": [-0.1, 1]})


def life_figure(seed: pd.DataFrame, synthetic: pd.DataFrame, profile: MachineProfile) -> Figure:
    """One life of each sensor over life fraction, in a failure mode that drives the sensor.

    The green band is the normal range, the dashed line the failure value.
    """
    traces: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    lives, imitations = _first_lives(seed), _first_lives(synthetic)
    for index, sensor in enumerate(profile.sensors):
        modes = [m for m in _driving_modes(profile, sensor) if m in lives and m in imitations]
        # Without a common mode, any life shows the range of the sensor.
        life = lives[modes[0] if modes else next(iter(lives))]
        imitation = imitations[modes[0] if modes else next(iter(imitations))]
        dot = {"color": SYNTHETIC_COLOUR, "size": 3.5, "opacity": 0.6}
        made = {"mode": "markers", "marker": dot}
        seen = {"mode": "lines", "line": {"color": SEED_COLOUR, "width": 1.3}}
        for drawn, style in ((imitation, made), (life, seen)):
            traces.append(_in_panel(index, _points(drawn, sensor) | style | {"hoverinfo": "skip"}))
        shapes += _range_shapes(index, sensor)
    titles = [f"{sensor.name} [{sensor.unit}]" for sensor in profile.sensors]
    figure = _grid(titles, traces, x={"range": [0, 1], "dtick": 0.25})
    figure["layout"]["shapes"] = shapes
    return figure


def _range_shapes(index: int, sensor: Sensor) -> list[dict[str, Any]]:
    """Normal band and failure value behind one panel of a grid."""
    axis = _number(index)
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


def _first_lives(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The first life of each failure mode."""
    first = frame.drop_duplicates("failure_mode")
    return {
        str(mode): frame[frame["unit_id"] == unit]
        for mode, unit in zip(first["failure_mode"], first["unit_id"], strict=True)
    }


def _points(life: pd.DataFrame, sensor: Sensor) -> dict[str, Any]:
    rows = np.linspace(0, len(life) - 1, min(len(life), LIFE_POINTS)).astype(int)
    few = life.iloc[rows]
    return {"x": life_fraction(few).to_numpy(), "y": few[sensor.name].to_numpy()}


def _in_panel(index: int, trace: dict[str, Any], kind: str = "scatter") -> dict[str, Any]:
    return {"type": kind, "xaxis": f"x{_number(index)}", "yaxis": f"y{_number(index)}", **trace}


def _number(index: int) -> str:
    """The suffix of an axis' name; the first axis has none."""
    return "" if index == 0 else str(index + 1)


def _grid(
    titles: Sequence[str],
    traces: list[dict[str, Any]],
    x: Mapping[str, Any] = NOTHING,
    y: Mapping[str, Any] = NOTHING,
    height: int | None = None,
) -> Figure:
    """Small panels, `PER_ROW` in a row, with axis settings `x` and `y`."""
    rows = -(-len(titles) // PER_ROW)
    height = height or ROW_HEIGHT * rows + 60
    gaps = {"xgap": 0.15, "ygap": 60 / ROW_HEIGHT}
    layout: dict[str, Any] = {
        "grid": {"rows": rows, "columns": PER_ROW, "pattern": "independent", **gaps},
        "annotations": [_title(index, title) for index, title in enumerate(titles)],
    }
    for index in range(len(titles)):
        layout[f"xaxis{_number(index)}"] = dict(x)
        layout[f"yaxis{_number(index)}"] = dict(y)
    return _styled(traces, layout, height)


def _title(index: int, text: str) -> dict[str, Any]:
    """A line above a panel."""
    at = {"xref": f"x{_number(index)} domain", "yref": f"y{_number(index)} domain"}
    place = {"x": 0.5, "y": 1.0, "xanchor": "center", "yanchor": "bottom", "showarrow": False}
    return {"text": text, "font": {"size": 13}, **at, **place}


def _styled(traces: list[dict[str, Any]], layout: dict[str, Any], height: int) -> Figure:
    style = {
        "template": _template(),
        "height": height,
        "margin": {"l": 50, "r": 20, "t": 36, "b": 40},
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": "#333"},
        "showlegend": False,
    }
    return {"data": traces, "layout": layout | style}


@cache
def _template() -> dict[str, Any]:
    import plotly.io

    template: dict[str, Any] = plotly.io.templates["plotly_white"].to_plotly_json()
    return template
