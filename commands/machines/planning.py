"""Shared by the commands that start chains: the options of a plan, and waiting for the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

import click

from events.plan import Samples
from GAN.config import limits
from GAN.config.tvae_config import DEFAULT_EPOCHS, DEFAULT_SAMPLES
from storage.ledger import workers
from storage.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


class SamplesType(click.ParamType[Samples]):
    """`TRAIN,VAL,TEST`, or one number that is split 70/15/15."""

    name = "rows"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Samples:
        """Read the option."""
        if isinstance(value, Samples):
            return value
        try:
            counts = [int(part) for part in str(value).replace("/", ",").split(",")]
            if len(counts) == 1:
                held_out = counts[0] * 15 // 100
                counts = [counts[0] - 2 * held_out, held_out, held_out]
            train, val, test = counts
            return Samples(train=train, val=val, test=test)
        except ValueError:
            self.fail(
                f"'{value}': write TRAIN,VAL,TEST such as 35000,7500,7500, or one number; each set "
                f"has {limits.MIN_SET_ROWS} to {limits.MAX_SET_ROWS} rows"
            )


def plan_options(function: F) -> F:
    """Add `--epochs`, `--samples`, `--seed` and `--wait`."""
    for option in reversed(_PLAN_OPTIONS):
        function = option(function)
    return function


_PLAN_OPTIONS: Sequence[Callable[[F], F]] = (
    click.option(
        "--epochs",
        type=click.IntRange(limits.MIN_EPOCHS, limits.MAX_EPOCHS),
        default=DEFAULT_EPOCHS,
        show_default=True,
    ),
    click.option(
        "--samples",
        type=SamplesType(),
        default=",".join(map(str, DEFAULT_SAMPLES.values())),
        show_default=True,
        help="Synthetic rows: TRAIN,VAL,TEST, or one number split 70/15/15.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(limits.MIN_RANDOM_SEED, limits.MAX_RANDOM_SEED),
        default=0,
        show_default=True,
        help="Random seed: equal seeds give equal data.",
    ),
    click.option("--wait", is_flag=True, help="Follow the chain to its end."),
)


def wait_for(settings: Settings, machine_ids: Sequence[str], *, as_json: bool) -> NoReturn:
    """Follow the chains to their end; the exit code is 0 if all machines are onboarded, else 1."""
    from commands.machines.follow import follow
    from commands.stopping import interrupt_on_signals

    interrupt_on_signals()
    sys.exit(follow(settings, machine_ids, as_json=as_json))


def say_when_it_starts(delivered: bool) -> None:
    """Print when the chain starts, and what the user has to do for it."""
    if not workers.alive():
        click.echo("recorded, but no worker is alive; start one: fleetforge up")
    elif not delivered:
        click.echo("recorded; the broker does not answer: it starts once the broker answers")
    click.echo("follow it: fleetforge status --watch")
