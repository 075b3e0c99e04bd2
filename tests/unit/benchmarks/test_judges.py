"""Judges separate what differs, and nothing else, on units that they have not seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from benchmarks.worth.likeness.judges import Origin
    from GAN.prognosis.condition.sensors import Floats

JUDGES = ("boosting", "GRU", "CNN")
ROWS = 60


def lives(units: int, slow: bool, seed: int) -> pd.DataFrame:
    """Noise of variance 1 that is white, or follows itself; the last sensor is constant."""
    from scipy.signal import lfilter

    share = 0.8 if slow else 0.0
    white = np.random.default_rng(seed).normal(size=(units, 2 * ROWS, 3))
    noise = lfilter([np.sqrt(1 - share**2)], [1.0, -share], white, axis=1)[:, ROWS:]
    noise[..., -1] = 7.0
    frame = pd.DataFrame(noise.reshape(-1, 3), columns=["a", "b", "c"])
    return frame.assign(unit_id=np.repeat(np.arange(units) + 1, ROWS))


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_separates_slow_noise_from_white_and_not_white_from_white(name: str) -> None:
    from benchmarks.worth.likeness.comparison import verdict
    from benchmarks.worth.likeness.judges import JUDGES
    from benchmarks.worth.likeness.windows import windows_of

    white, other, slow = (
        windows_of(lives(20, is_slow, seed), 10, seed)
        for seed, is_slow in enumerate((False, False, True))
    )
    separate = verdict(JUDGES[name], slow, white)
    assert separate.auc > 0.95
    assert separate.discriminative > 0.35
    same = verdict(JUDGES[name], other, white)
    assert same.auc == pytest.approx(0.5, abs=0.12)
    assert same.discriminative < 0.1


def test_a_judge_is_asked_about_units_that_it_has_not_seen() -> None:
    from benchmarks.worth.likeness.comparison import verdict
    from benchmarks.worth.likeness.windows import WINDOW, Windows

    seen: list[tuple[set[float], set[float]]] = []

    def judge(windows: Floats, origin: Origin, asked: Floats) -> Floats:
        seen.append((set(windows[:, 0, 0]), set(asked[:, 0, 0])))
        return asked[:, 0, 0] / 10.0

    def side(first: int) -> Windows:
        unit = np.repeat(np.arange(4), 5)
        readings = np.broadcast_to((first + unit)[:, None, None], (20, WINDOW, 1))
        return Windows(readings.astype(np.float64), unit)

    found = verdict(judge, side(0), side(4))
    assert [learnt & asked for learnt, asked in seen] == [set(), set()]
    assert set.union(*(asked for _, asked in seen)) == set(range(8))
    # Units 6 and 7 of the real ones, 4 to 7, are called real.
    assert found == pytest.approx((1.0, 0.25))


def test_the_discriminative_score_counts_both_origins_the_same() -> None:
    from benchmarks.worth.likeness.comparison import verdict
    from benchmarks.worth.likeness.windows import WINDOW, Windows

    few = Windows(np.zeros((4, WINDOW, 1)), np.arange(4))
    many = Windows(np.zeros((40, WINDOW, 1)), np.arange(40))
    always = verdict(lambda _, _origin, asked: np.ones(len(asked)), few, many)
    assert always == pytest.approx((0.5, 0.0))


def test_turbofans_are_sets_with_the_sensors_that_their_regimes_move(tmp_path: Path) -> None:
    from benchmarks.worth.lives import sensors_of
    from benchmarks.worth.sets import LAW, all_sets

    rows = [[unit, cycle, *range(24)] for unit in (1, 2) for cycle in (1, 2, 3)]
    text = "\n".join(" ".join(map(str, row)) + "  " for row in rows)
    for name in ("FD001", "FD004"):
        (tmp_path / f"train_{name}.txt").write_text(text)
    found = all_sets(None, tmp_path)
    assert set(found) == {LAW, "FD001", "FD004"}
    one, six = found["FD001"](), found["FD004"]()
    assert len(sensors_of(one)) == 14
    assert len(sensors_of(six)) == 24
    assert sensors_of(six)[:4] == ["setting_1", "setting_2", "setting_3", "t2"]
    assert list(six["t2"].unique()) == [3.0]
    assert list(one["rul_hours"]) == [2.0, 1.0, 0.0] * 2
