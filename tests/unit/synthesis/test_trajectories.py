from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from GAN.config.tvae_config import TvaeConfig
from GAN.datasets.run_to_failure import life_fraction, time_step_of
from GAN.profiles.profile import MachineProfile
from GAN.progress import silent
from GAN.simulation.physics import ar1_noise
from GAN.synthesis.generation import generate
from GAN.synthesis.piecewise import corner_shares, corners_for, fit_curve
from GAN.synthesis.trajectories import Trajectories, fit_trajectories
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects
from GAN.tvae.model import TableModel, fit_model
from tests.unit.conftest import Training

Matrix = NDArray[np.float64]

UNITS, ROWS = 6, 400


class Fleet:
    """Units of one failure mode whose trajectories and noise are known."""

    def __init__(self, epochs: int = 40) -> None:
        rng = np.random.default_rng(0)
        self.fraction = np.tile(np.linspace(0, 1, ROWS), UNITS)
        self.units = np.repeat(np.arange(UNITS), ROWS)
        own = rng.normal(0, 0.1, UNITS)[self.units]
        wear = (1 + own) * self.fraction**3
        slow, quick = (
            np.concatenate([ar1_noise(ROWS, lag, rng) for _ in range(UNITS)]) for lag in (0.8, 0.3)
        )
        self.frame = pd.DataFrame(
            {
                "life_fraction": self.fraction,
                "failure_mode": "bearing",
                "hot": 40 + 30 * wear + 0.3 * slow,
                "warm": 20 + 20 * wear + 0.2 * (0.8 * slow + 0.6 * quick),
                "leak": np.maximum(0, 8 * wear - 1 + 0.2 * quick),
                "fixed": 5.0,
                "shaky": 1 + wear + (0.02 + 0.1 * self.fraction) * quick,
            }
        )
        self.sensors = ["hot", "warm", "leak", "fixed", "shaky"]
        config = TvaeConfig(epochs=epochs)
        self.table, self.codes = fit_model(self.frame, config, 0, lambda _loss: None)
        self.trajectories: Trajectories = fit_trajectories(
            self.table,
            self.codes,
            self.frame[self.sensors].to_numpy(),
            self.sensors,
            self.fraction,
            self.units,
            self.frame["failure_mode"].to_numpy(),
        )

    def made(self, units: int) -> pd.DataFrame:
        """New units of the same mode, each with rows like those that were seen."""
        rng = np.random.default_rng(1)
        places = [np.linspace(0, 1, ROWS)] * units
        readings = self.trajectories.readings(self.table, "bearing", places, rng)
        return pd.DataFrame(readings, columns=self.sensors)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet()


def noise_of(column: pd.Series[float]) -> Matrix:
    """What is left of each unit's readings without their slow movement, (units, rows)."""
    lives = column.to_numpy().reshape(-1, ROWS)
    slow = np.vander(np.linspace(-1, 1, ROWS), 8)
    return lives - (slow @ np.linalg.lstsq(slow, lives.T, rcond=None)[0]).T


def autocorrelation(noise: Matrix) -> float:
    return float((noise[:, 1:] * noise[:, :-1]).mean() / (noise**2).mean())


def test_the_mean_unit_goes_the_way_that_units_went(fleet: Fleet) -> None:
    made = fleet.made(60)
    for sensor, slack in (("hot", 0.5), ("warm", 0.4), ("shaky", 0.03)):
        seen, new = (
            frame[sensor].to_numpy().reshape(-1, 20, ROWS // 20).mean((0, 2))
            for frame in (fleet.frame, made)
        )
        assert np.abs(seen - new).max() < slack


def test_what_a_short_training_misses_is_made_up_for() -> None:
    fleet = Fleet(epochs=1)
    made = fleet.made(60)
    seen, new = (
        frame["hot"].to_numpy().reshape(-1, 20, ROWS // 20).mean((0, 2))
        for frame in (fleet.frame, made)
    )
    assert np.abs(seen - new).max() < 1.0


def test_units_differ_from_each_other_as_those_that_were_seen(fleet: Fleet) -> None:
    made = fleet.made(200)
    seen, new = (
        frame["hot"].to_numpy().reshape(-1, ROWS)[:, -10:].mean(1).std(ddof=1)
        for frame in (fleet.frame, made)
    )
    assert new == pytest.approx(seen, rel=0.25)


def test_no_unit_goes_exactly_as_one_that_was_seen(fleet: Fleet) -> None:
    (trajectory,) = fleet.trajectories.trajectories
    rng = np.random.default_rng(0)
    seen = trajectory.deviations * np.sqrt(len(trajectory.deviations) - 1)
    corners = 1.0 - (1.0 - np.linspace(0, 1, len(trajectory.curve))) ** 2
    made = np.array([trajectory.codes(corners, rng) for _ in range(200)]) - trajectory.curve
    apart = np.sqrt(np.square(made[:, None] - seen).mean((2, 3)).min(axis=1))
    among = [
        np.sqrt(np.square(unit - np.delete(seen, at, 0)).mean((1, 2))).min()
        for at, unit in enumerate(seen)
    ]
    assert np.quantile(apart, 0.05) > 0.3 * np.median(among)


def test_units_of_a_mode_that_was_seen_once_differ_as_those_of_others(fleet: Fleet) -> None:
    rows = fleet.units > 0
    modes = np.where(fleet.units == 1, "seal", "bearing").astype(object)
    trajectories = fit_trajectories(
        fleet.table,
        fleet.codes[rows],
        fleet.frame[fleet.sensors].to_numpy()[rows],
        fleet.sensors,
        fleet.fraction[rows],
        fleet.units[rows],
        modes[rows],
    )
    rng = np.random.default_rng(0)
    places = [np.linspace(0, 1, ROWS)] * 100
    bearing, seal = (
        trajectories.readings(fleet.table, mode, places, rng)[:, 0]
        .reshape(100, ROWS)[:, -10:]
        .mean(1)
        for mode in ("bearing", "seal")
    )
    assert seal.std() == pytest.approx(bearing.std(), rel=0.3)


def test_noise_follows_itself_by_as_much_as_it_did(fleet: Fleet) -> None:
    made = fleet.made(30)
    for sensor in ("hot", "warm", "shaky"):
        seen, new = (autocorrelation(noise_of(frame[sensor])) for frame in (fleet.frame, made))
        assert new == pytest.approx(seen, abs=0.06)


def test_noise_that_sensors_share_stays_shared(fleet: Fleet) -> None:
    made = fleet.made(30)
    seen, new = (
        np.corrcoef(noise_of(frame["hot"]).ravel(), noise_of(frame["warm"]).ravel())[0, 1]
        for frame in (fleet.frame, made)
    )
    assert seen > 0.6
    assert new == pytest.approx(seen, abs=0.08)


def test_noise_grows_where_it_grew(fleet: Fleet) -> None:
    made = fleet.made(30)
    (early, late), (new_early, new_late) = (
        (noise[:, :40].std(), noise[:, -40:].std())
        for noise in (noise_of(frame["shaky"]) for frame in (fleet.frame, made))
    )
    assert late > 2.5 * early
    assert (new_early, new_late) == pytest.approx((early, late), rel=0.2)


def test_readings_that_rest_at_an_end_of_their_scale_still_do(fleet: Fleet) -> None:
    made = fleet.made(30)
    seen, new = ((frame["leak"] == 0).mean() for frame in (fleet.frame, made))
    assert seen > 0.3
    assert new == pytest.approx(seen, abs=0.05)
    assert (made["leak"] >= 0).all()
    assert (made["fixed"] == 5).all()


def test_noise_keeps_its_tails() -> None:
    """Of a sensor whose noise is Laplace's, not normal."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"load": rng.laplace(size=4_000), "other": rng.normal(size=4_000)})
    table, codes = fit_model(frame, TvaeConfig(epochs=5), 0, lambda _loss: None)
    places, units = np.tile(np.linspace(0, 1, 400), 10), np.repeat(np.arange(10), 400)
    modes = np.full(4_000, "wear", dtype=object)
    trajectories = fit_trajectories(
        table, codes, frame.to_numpy(), ["load", "other"], places, units, modes
    )
    made = trajectories.readings(table, "wear", [np.linspace(0, 1, 400)] * 20, rng)
    assert pd.Series(made[:, 0]).kurt() > 1.5
    assert abs(pd.Series(made[:, 1]).kurt()) < 0.6


def test_curves_follow_what_bends_towards_failure() -> None:
    places = np.linspace(0, 1, 2_000)
    values = np.column_stack([np.exp(12 * (places - 1)), np.sin(6 * places)])
    shares = corner_shares(places, corners_for(2_000))
    assert shares.sum(axis=1) == pytest.approx(1)
    np.testing.assert_allclose(shares @ fit_curve(shares, values), values, atol=0.02)


@pytest.mark.parametrize(("rows", "corners"), [(2, 5), (200, 11), (5_000, 25)])
def test_a_unit_of_few_rows_has_a_stiffer_curve(rows: int, corners: int) -> None:
    assert corners_for(rows) == corners


def test_one_short_unit_is_enough_for_a_trajectory(fleet: Fleet) -> None:
    table: TableModel = fleet.table
    rows = np.array([0, 399])
    trajectories = fit_trajectories(
        table,
        np.zeros((2, table.latent_distribution.size)),
        fleet.frame[fleet.sensors].to_numpy()[rows],
        fleet.sensors,
        np.array([0.0, 1.0]),
        np.array([3, 3]),
        np.array(["bearing", "bearing"], dtype=object),
    )
    made = trajectories.readings(
        table, "bearing", [np.array([0.0, 0.5, 1.0])], np.random.default_rng(0)
    )
    assert np.isfinite(made).all()


def test_sensors_scatter_no_more_towards_failure_than_in_the_seed(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_training: Training
) -> None:
    samples = dict.fromkeys(("train", "val", "test"), 3_000)
    sets = generate(rig_training.model.model, rig, samples, time_step_of(rig_seed), 0, silent)
    effects = UnitEffects(rig, sensors_with_unit_effects(rig_seed, rig))
    for sensor in rig.sensors:
        seen, made = (
            np.concatenate(
                [
                    np.diff(life.loc[life_fraction(life) > 0.7, sensor.name], 2)
                    for _, life in effects.nominal(frame).groupby("unit_id")
                ]
            ).std()
            for frame in (rig_seed, sets["train"])
        )
        assert made == pytest.approx(seen, rel=0.25)
