"""Judges that separate synthetic windows from real ones.

Their settings were chosen on simulated noise before they judged any generated life, and are the
same everywhere. A judge learns from windows, shape (windows, rows, sensors), and their origin: 1 if
they are real, 0 if they are synthetic, shape (windows,). It answers how surely other windows are
real, 0 to 1, shape (other windows,). Both origins count the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats

Origin = NDArray[np.intp]
Judge = Callable[[Floats, Origin, Floats], Floats]

BOOSTING: dict[str, Any] = {
    "n_estimators": 100,
    "learning_rate": 0.1,
    "num_leaves": 7,
    "min_child_samples": 10,
    "colsample_bytree": 0.5,
    "max_bin": 63,
    "random_state": 0,
    "n_jobs": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}
#: Of both nets: units of a layer, rows that a convolution sees, and how they learn.
UNITS, KERNEL, EPOCHS, BATCH, LEARNING_RATE = 32, 5, 15, 64, 0.01
#: Nets see readings and steps within this many standard deviations.
_FAR = 10.0


def boosting(windows: Floats, origin: Origin, asked: Floats) -> Floats:
    """Gradient boosted trees on statistics of the windows."""
    import lightgbm

    judge = lightgbm.LGBMClassifier(**BOOSTING)
    judge.fit(_statistics(windows), origin, sample_weight=_equal_weights(origin))
    return np.asarray(judge.predict_proba(_statistics(asked)))[:, 1]


def _statistics(windows: Floats) -> Floats:
    """Mean, standard deviation, that of the steps, and rise of each sensor."""
    third = windows.shape[1] // 3
    rise = windows[:, -third:].mean(axis=1) - windows[:, :third].mean(axis=1)
    steps = np.diff(windows, axis=1).std(axis=1)
    return np.hstack([windows.mean(axis=1), windows.std(axis=1), steps, rise])


def _equal_weights(origin: Origin) -> Floats:
    share = np.bincount(origin) / len(origin)
    return np.asarray(0.5 / share[origin])


def _net(make: Callable[[int], Any], windows: Floats, origin: Origin, asked: Floats) -> Floats:
    """A net that learns from the windows themselves, standardised by the real ones.

    It sees the steps between rows too: it needs many times as many windows to find them.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as loss

    learnt, others = _with_steps(windows), _with_steps(asked)
    real, overall = learnt[origin == 1], learnt.std(axis=(0, 1))
    mean, spread = real.mean(axis=(0, 1)), real.std(axis=(0, 1))
    rounding = 1e-9 * np.abs(learnt).max(axis=(0, 1))
    spread, moves = np.where(spread > rounding, spread, overall), overall > rounding

    def standard(rows: Floats) -> Any:
        scaled = (rows - mean)[..., moves] / spread[moves]
        return torch.tensor(scaled.clip(-_FAR, _FAR), dtype=torch.float32)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = make(int(moves.sum()))
        learner = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
        rows, target = standard(learnt), torch.tensor(origin, dtype=torch.float32)
        weight = torch.tensor(_equal_weights(origin), dtype=torch.float32)
        for _ in range(EPOCHS):
            for batch in torch.randperm(len(rows)).split(BATCH):
                learner.zero_grad()
                loss(net(rows[batch]), target[batch], weight=weight[batch]).backward()
                learner.step()
        with torch.no_grad():
            return np.asarray(torch.sigmoid(net(standard(others))), dtype=np.float64)


def _with_steps(windows: Floats) -> Floats:
    steps = np.diff(windows, axis=1, prepend=windows[:, :1])
    return np.concatenate([windows, steps], axis=2)


def _gru(sensors: int) -> Any:
    """A GRU; its state after the last row decides."""
    from torch import nn

    class Recurrent(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.GRU(sensors, UNITS, batch_first=True)
            self.decide = nn.Linear(UNITS, 1)

        def forward(self, windows: Any) -> Any:
            return self.decide(self.layer(windows)[1][-1]).squeeze(1)

    return Recurrent()


def _cnn(sensors: int) -> Any:
    """Two convolutions over time, and their mean over the window."""
    from torch import nn

    class Convolutions(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(
                nn.Conv1d(sensors, UNITS, KERNEL),
                nn.ReLU(),
                nn.Conv1d(UNITS, UNITS, KERNEL),
                nn.ReLU(),
            )
            self.decide = nn.Linear(UNITS, 1)

        def forward(self, windows: Any) -> Any:
            return self.decide(self.layers(windows.transpose(1, 2)).mean(dim=2)).squeeze(1)

    return Convolutions()


JUDGES: Mapping[str, Judge] = {
    "boosting": boosting,
    "GRU": partial(_net, _gru),
    "CNN": partial(_net, _cnn),
}
