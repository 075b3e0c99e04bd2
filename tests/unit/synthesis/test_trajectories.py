from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import life_fraction, time_step_of
from GAN.profiles.profile import MachineProfile
from GAN.progress import silent
from GAN.simulation.noise import ar1_noise
from GAN.synthesis import trajectory_fitting
from GAN.synthesis.cycles import EXPLAINED, cycle_periods, fit_cycles
from GAN.synthesis.generation import generate
from GAN.synthesis.piecewise import corner_shares, corners_for, fit_curve
from GAN.synthesis.trajectories import STRETCH, DegradationTrajectories, Drawn, Life
from GAN.synthesis.trajectory_fitting import fit_trajectories
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects
from GAN.tvae.column_fitting import describe
from GAN.tvae.columns import Numbers
from tests.unit.conftest import Training

Matrix = NDArray[np.float64]

UNITS, ROWS = 6, 400
HOURS = 100.0


def described(frame: pd.DataFrame) -> list[Numbers]:
    columns = describe(frame, {}, np.random.default_rng(0))
    return [column for column in columns if isinstance(column, Numbers)]


def whole_life(rows: int, hours: float) -> Life:
    places = np.linspace(0, 1, rows)
    return Life(places, hours, places * hours)


def whole_lives(units: int, hours: float = HOURS) -> list[Life]:
    return [whole_life(ROWS, hours)] * units


class Fleet:
    """Units of one failure mode whose trajectories and noise are known."""

    def __init__(self) -> None:
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
                "hot": 40 + 30 * wear + 0.3 * slow,
                "warm": 20 + 20 * wear + 0.2 * (0.8 * slow + 0.6 * quick),
                "leak": np.maximum(0, 8 * wear - 1 + 0.2 * quick),
                "fixed": 5.0,
                "shaky": 1 + wear + (0.02 + 0.1 * self.fraction) * quick,
            }
        )
        self.columns = described(self.frame)
        self.trajectories = self.learnt(np.arange(len(self.frame)), "bearing")

    def learnt(self, rows: NDArray[np.intp], modes: str | Matrix) -> DegradationTrajectories:
        """The trajectories of some rows; all lives are equally long."""
        return fit_trajectories(
            self.columns,
            Drawn.of_one_regime(self.frame.to_numpy()[rows]),
            self.fraction[rows],
            self.units[rows],
            np.broadcast_to(np.array(modes, dtype=object), len(rows)),
            np.full(len(rows), HOURS),
        )

    def made(self, units: int) -> pd.DataFrame:
        """New units of the same mode, each with rows like those that were seen."""
        rng = np.random.default_rng(1)
        readings = self.trajectories.drawn(
            self.columns, "bearing", whole_lives(units), rng
        ).readings
        return pd.DataFrame(readings, columns=list(self.frame))


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
    seen = trajectory.units.deviations * np.sqrt(len(trajectory.units.deviations) - 1)
    places = np.linspace(0, 1, ROWS)
    lives = np.array(
        [trajectory.drawn(whole_life(len(places), HOURS), rng).readings for _ in range(200)]
    )
    shares = corner_shares(places, len(trajectory.curve))
    made = np.array([fit_curve(shares, life) for life in lives]) - trajectory.curve
    apart = np.sqrt(np.square(made[:, None] - seen).mean((2, 3)).min(axis=1))
    among = [
        np.sqrt(np.square(unit - np.delete(seen, at, 0)).mean((1, 2))).min()
        for at, unit in enumerate(seen)
    ]
    assert np.quantile(apart, 0.05) > 0.3 * np.median(among)


def test_units_of_a_mode_that_was_seen_once_differ_as_those_of_others(fleet: Fleet) -> None:
    rows = np.flatnonzero(fleet.units > 0)
    modes = np.where(fleet.units[rows] == 1, "seal", "bearing").astype(object)
    trajectories = fleet.learnt(rows, modes)
    rng = np.random.default_rng(0)
    bearing, seal = (
        trajectories.drawn(fleet.columns, mode, whole_lives(100), rng)
        .readings[:, 0]
        .reshape(100, ROWS)[:, -10:]
        .mean(1)
        for mode in ("bearing", "seal")
    )
    assert seal.std() == pytest.approx(bearing.std(), rel=0.3)


def test_units_that_live_longer_differ_as_known_ones_do() -> None:
    """Long lives ran cool, and hot and warm units were the same ones."""
    rng = np.random.default_rng(2)
    units, rows = 20, 60
    cool = rng.normal(size=units)
    at_unit = np.repeat(np.arange(units), rows)
    frame = pd.DataFrame(
        {
            "hot": 50 - 5 * cool[at_unit] + rng.normal(0, 0.5, units * rows),
            "warm": 20 - 2 * cool[at_unit] + rng.normal(0, 0.2, units * rows),
        }
    )
    columns = described(frame)
    trajectories = fit_trajectories(
        columns,
        Drawn.of_one_regime(frame.to_numpy()),
        np.tile(np.linspace(0, 1, rows), units),
        at_unit,
        np.full(units * rows, "wear", dtype=object),
        HOURS * np.exp(0.3 * cool[at_unit]),
    )
    means = {
        hours: trajectories.drawn(columns, "wear", whole_lives(50, hours), rng)
        .readings.reshape(50, ROWS, 2)
        .mean(axis=1)
        for hours in (0.7 * HOURS, 1.4 * HOURS)
    }
    short, long = (each.mean(axis=0) for each in means.values())
    assert short[0] - long[0] > 5
    every = np.concatenate(list(means.values()))
    assert np.corrcoef(every.T)[0, 1] > 0.98


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


def test_of_long_recordings_some_units_keep_their_noise(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trajectory_fitting, "MOST_NOISE_ROWS", 2 * ROWS)
    learnt = fleet.learnt(np.arange(len(fleet.frame)), "bearing")
    (trajectory,) = learnt.trajectories
    assert len(trajectory.noise) == 2 * ROWS
    rng = np.random.default_rng(0)
    made = learnt.drawn(fleet.columns, "bearing", whole_lives(20), rng).readings[:, 0]
    seen = noise_of(fleet.frame["hot"]).std()
    assert noise_of(pd.Series(made)).std() == pytest.approx(seen, rel=0.15)


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
    columns = described(frame)
    places, units = np.tile(np.linspace(0, 1, 400), 10), np.repeat(np.arange(10), 400)
    modes = np.full(4_000, "wear", dtype=object)
    hours = np.full(4_000, HOURS)
    trajectories = fit_trajectories(
        columns, Drawn.of_one_regime(frame.to_numpy()), places, units, modes, hours
    )
    made = trajectories.drawn(columns, "wear", whole_lives(20), rng).readings
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
    trajectories = fleet.learnt(np.array([0, 399]), "bearing")
    life = whole_life(3, HOURS)
    made = trajectories.drawn(fleet.columns, "bearing", [life], np.random.default_rng(0)).readings
    assert np.isfinite(made).all()


def test_sensors_scatter_no_more_towards_failure_than_in_the_seed(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_training: Training
) -> None:
    samples = dict.fromkeys(("train", "val", "test"), 3_000)
    sets = generate(rig_training.model.model.lives, rig, samples, time_step_of(rig_seed), 0, silent)
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


def test_slow_noise_is_no_cycle() -> None:
    rng = np.random.default_rng(3)
    hours = np.arange(1_200.0)
    periods = cycle_periods(1.0, 1_200.0)
    assert periods == (24.0, 12.0, 168.0)
    slow = ar1_noise(1_200, 0.97, rng)
    day = np.sin(2 * np.pi * hours / 24)
    _, explained = fit_cycles(np.column_stack([slow, slow + 2 * day]), hours, periods)
    assert explained[0] < EXPLAINED < explained[1]


def test_slow_noise_goes_on_where_two_stretches_meet_and_white_noise_stays_white() -> None:
    rng = np.random.default_rng(5)
    hours = 1_000.0
    day = np.sin(2 * np.pi * np.linspace(0, hours, ROWS) / 24)
    frame = pd.DataFrame(
        {
            "load": np.concatenate([day + ar1_noise(ROWS, 0.95, rng) for _ in range(UNITS)]),
            "vibration": rng.normal(0, 1, UNITS * ROWS),
        }
    )
    columns = described(frame)
    learnt = fit_trajectories(
        columns,
        Drawn.of_one_regime(frame.to_numpy()),
        np.tile(np.linspace(0, 1, ROWS), UNITS),
        np.repeat(np.arange(UNITS), ROWS),
        np.full(len(frame), "bearing", dtype=object),
        np.full(len(frame), hours),
    )
    lives = whole_lives(60, hours)
    made = learnt.drawn(columns, "bearing", lives, rng).readings.reshape(60, ROWS, 2)
    steps = np.abs(np.diff(made[:, :, 0] - day, axis=1)).mean(axis=0)
    joined = np.arange(1, ROWS) % STRETCH == 0
    assert steps[joined].mean() == pytest.approx(steps[~joined].mean(), rel=0.35)
    assert abs(autocorrelation(noise_of(pd.Series(made[:, :, 1].ravel())))) < 0.04


def test_a_unit_with_fewer_rows_than_a_stretch_needs_can_lend_its_noise() -> None:
    rng = np.random.default_rng(6)
    rows = [3, *[400] * 3]
    frame = pd.DataFrame({"load": np.concatenate([ar1_noise(count, 0.95, rng) for count in rows])})
    columns = described(frame)
    learnt = fit_trajectories(
        columns,
        Drawn.of_one_regime(frame.to_numpy()),
        np.concatenate([np.linspace(0, 1, count) for count in rows]),
        np.repeat(np.arange(len(rows)), rows),
        np.full(len(frame), "bearing", dtype=object),
        np.repeat(np.subtract(rows, 1.0), rows),
    )
    # Rows of new units are four steps of the noise apart.
    lives = [whole_life(100, 396.0)] * 40
    made = learnt.drawn(columns, "bearing", lives, rng).readings
    assert np.isfinite(made).all()


def test_a_long_life_does_not_repeat_the_noise_of_a_short_one() -> None:
    rng = np.random.default_rng(7)
    rows = [*[20] * 4, *[400] * 5]
    units = np.repeat(np.arange(len(rows)), rows)
    frame = pd.DataFrame({"load": np.concatenate([ar1_noise(count, 0.5, rng) for count in rows])})
    columns = described(frame)
    learnt = fit_trajectories(
        columns,
        # A row of noise brings its settings with it, so these show whose it was.
        Drawn(frame.to_numpy(), np.zeros(len(frame), np.int8), units[:, None].astype(float)),
        np.concatenate([np.linspace(0, 1, count) for count in rows]),
        units,
        np.full(len(frame), "bearing", dtype=object),
        np.repeat(np.subtract(rows, 1.0), rows),
    )
    made = learnt.drawn(columns, "bearing", [whole_life(400, 399.0)] * 200, rng)
    assert (made.settings < 4).mean() < 0.02
    short = learnt.drawn(columns, "bearing", [whole_life(20, 19.0)] * 200, rng)
    assert (short.settings < 4).mean() > 0.3


@pytest.mark.parametrize(("lag1", "together"), [(0.0, 0.80), (0.6, 0.92), (0.95, 0.97)])
def test_stretches_of_noise_are_only_as_long_as_its_memory(lag1: float, together: float) -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"load": np.concatenate([ar1_noise(ROWS, lag1, rng) for _ in range(6)])})
    columns = described(frame)
    learnt = fit_trajectories(
        columns,
        # Settings that number the rows of noise.
        Drawn(frame.to_numpy(), np.zeros(len(frame), np.int8), np.arange(len(frame))[:, None]),
        np.tile(np.linspace(0, 1, ROWS), 6),
        np.repeat(np.arange(6), ROWS),
        np.full(len(frame), "bearing", dtype=object),
        np.full(len(frame), HOURS),
    )
    made = learnt.drawn(columns, "bearing", whole_lives(40), rng)
    followed = np.diff(made.settings.ravel()) == 1
    assert followed.mean() == pytest.approx(together, abs=0.025)
