"""The network and its training: the gradient is the loss's, and the loss is learnt."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from GAN.config.tvae_config import TvaeConfig
from GAN.tvae import device
from GAN.tvae.autoencoder import MOST_NOISE_FACTOR, Autoencoder, in_lanes
from GAN.tvae.device import CPU, GPU_START_SECONDS, device_for
from GAN.tvae.network import Network, parameter_count
from GAN.tvae.training import (
    MOST_LOSS,
    Diverged,
    batch_size,
    fit,
    learning_rate,
    rate,
    worst_channel,
)


@pytest.fixture(autouse=True)
def without_autograd() -> object:
    with torch.no_grad():
        yield


def filled_up(rows: torch.Tensor) -> torch.Tensor:
    """Rows with the zeros that the encoder takes after their channels."""
    return torch.nn.functional.pad(rows, (0, in_lanes(rows.shape[1]) - rows.shape[1]))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_gradient_of_a_network_is_autograds() -> None:
    sizes = [5, 8, 7, 3]
    parameters = torch.empty(parameter_count(sizes))
    network = Network(sizes, parameters, torch.zeros_like(parameters))
    network.initialise(generator())
    batch = torch.randn(20, 5, generator=generator(1))
    weight = torch.randn(20, 3, generator=generator(2))
    network.forward(batch)
    by_input = network.backward(weight)
    with torch.enable_grad():
        inputs = batch.clone().requires_grad_()
        layers = [
            (w.clone().requires_grad_(), b.clone().requires_grad_()) for w, b in network.layers
        ]
        hidden = inputs
        for w, b in layers[:-1]:
            hidden = torch.relu(hidden @ w.t() + b)
        w, b = layers[-1]
        ((hidden @ w.t() + b) * weight).sum().backward()
    torch.testing.assert_close(by_input, inputs.grad)
    for ours, theirs in zip(network.gradients, layers, strict=True):
        torch.testing.assert_close(ours[0], theirs[0].grad)
        torch.testing.assert_close(ours[1], theirs[1].grad)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_small_step_against_the_gradient_lowers_the_loss_as_much_as_it_says(
    weight: float,
) -> None:
    model = Autoencoder(4, [3, 2], hidden=16, latent=3, generator=generator(), device=CPU)
    labels = torch.eye(5)[[0, 1, 2, 0, 1]] + torch.eye(5)[[3, 4, 3, 4, 3]]
    rows = filled_up(torch.cat([torch.randn(5, 4, generator=generator(1)), labels], 1))
    normals = torch.zeros(5, 3)
    for _ in range(200):  # The running noise settles, so that it is the same before and after.
        model.loss(rows, normals, weight)
    before = model.loss(rows, normals, 1.0)
    gradient = model.gradient / len(rows)
    model.parameters -= 1e-4 * gradient
    after = model.loss(rows, normals, 1.0)
    lowered = float(before - after)
    if weight == 1.0:
        assert lowered == pytest.approx(1e-4 * float(gradient.square().sum()), rel=0.05)
    assert lowered > 0


def test_a_noise_factor_at_its_limit_is_not_driven_beyond() -> None:
    model = Autoencoder(3, [], hidden=16, latent=2, generator=generator(), device=CPU)
    bias = model.decoder.layers[-1][1]
    beyond = MOST_NOISE_FACTOR + 1.0
    bias[3:6] = torch.tensor([beyond, -beyond, 0.0])
    of_factors = model.decoder.gradients[-1][1][3:6]
    far = filled_up(1e3 * torch.ones(8, 3))
    model.loss(far, torch.zeros(8, 2), 1.0)
    assert (of_factors[:2] == 0.0).tolist() == [True, False]  # Both factors have to grow.
    assert of_factors[1] < 0.0
    model.noise[:] = 1e6
    model.loss(filled_up(torch.zeros(8, 3)), torch.zeros(8, 2), 1.0)
    assert (of_factors[:2] == 0.0).tolist() == [False, True]  # Both have to fall.
    assert of_factors[0] > 0.0


def test_a_training_that_diverges_stops_in_that_epoch() -> None:
    rows = filled_up(torch.randn(2_000, 3, generator=generator(1)))
    losses: list[float] = []
    settings = TvaeConfig(epochs=1_000, learning_rate=10.0)
    with pytest.raises(Diverged) as stopped:
        fit(rows, 3, [], settings, generator(), losses.append)
    assert stopped.value.epoch == len(losses) + 1 < 50
    assert stopped.value.loss > MOST_LOSS > max(losses, default=0.0) / rows.shape[1]


def test_the_worst_channel_is_the_one_that_is_furthest_off() -> None:
    model = Autoencoder(4, [3], hidden=16, latent=2, generator=generator(), device=CPU)
    rows = filled_up(torch.randn(50, 7, generator=generator(1)))
    model.decoder.layers[-1][1][2] = 50.0
    assert worst_channel(model, rows) == 2
    model.parameters[:] = float("nan")
    rows[7, 3] = -40.0
    assert worst_channel(model, rows) == 3
    labels_alone = Autoencoder(0, [3], hidden=16, latent=2, generator=generator(), device=CPU)
    assert worst_channel(labels_alone, rows) is None


def test_the_noise_of_a_channel_is_what_the_others_do_not_explain() -> None:
    rng = np.random.default_rng(0)
    health = rng.normal(size=4_000)
    rows = np.column_stack([health + 0.1 * rng.normal(size=4_000) for _ in range(6)])
    batch = filled_up(torch.from_numpy(np.column_stack([rows, rng.normal(size=4_000)])).float())
    model = fit(batch, 7, [], TvaeConfig(epochs=15), generator(), lambda _loss: None)
    codes, _ = model.encode(batch)
    _, noise, _ = model.decode(codes)
    assert noise[:, :6].mean().item() == pytest.approx(0.1, rel=0.25)


@pytest.mark.parametrize(
    ("rows", "batch"),
    [(5, 5), (500, 25), (5_000, 250), (10_000, 256), (100_000, 500), (10**6, 4_096)],
)
def test_a_batch_grows_with_the_table(rows: int, batch: int) -> None:
    assert batch_size(rows) == batch


def test_the_learning_rate_rises_once_and_falls_and_is_lower_in_a_long_training() -> None:
    rates = [rate(done) for done in np.linspace(0, 1, 101)]
    top = int(np.argmax(rates))
    assert 0 < top < 20
    assert rates[top] == 1.0
    assert (np.diff(rates[: top + 1]) >= 0).all()
    assert (np.diff(rates[top:]) <= 0).all()
    assert learning_rate(100) == learning_rate(400) > learning_rate(2_000) > learning_rate(40_000)


@pytest.mark.parametrize(
    ("cpu_seconds", "gpu_seconds", "chosen"),
    [(0.6, 0.5, "cpu"), (1.5, 2.0, "cpu"), (1.5, 0.5, "cuda")],
    ids=["over before a GPU has started", "slower on a GPU", "faster on a GPU"],
)
def test_a_training_runs_where_it_takes_the_least_time(
    monkeypatch: pytest.MonkeyPatch, cpu_seconds: float, gpu_seconds: float, chosen: str
) -> None:
    steps = 100
    seconds = {"cpu": cpu_seconds, "cuda": gpu_seconds}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(
        device,
        "seconds_a_step",
        lambda *arguments: seconds[arguments[-1].type] * GPU_START_SECONDS / steps,
    )
    rows = filled_up(torch.zeros(50, 3))
    assert device_for(rows, 3, [], TvaeConfig(), 25, steps).type == chosen


def test_a_step_is_timed_on_the_device_it_is_asked_for() -> None:
    rows = filled_up(torch.randn(50, 3, generator=generator()))
    assert 0 < device.seconds_a_step(rows, 3, [], TvaeConfig(), CPU) < 1


def test_a_training_takes_one_thread_and_leaves_the_rest_as_it_was() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    seen = []
    rows = filled_up(torch.randn(64, 3, generator=generator()))
    try:
        settings = TvaeConfig(epochs=1)
        fit(rows, 3, [], settings, generator(), lambda _: seen.append(torch.get_num_threads()))
        assert seen == [1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
