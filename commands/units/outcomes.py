"""`fleetforge outcomes`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from commands.output import json_option, moment, print_json, print_rows
from commands.session import open_ledger
from commands.units.periods import since_option, to_ms, until_option
from storage.queries import machines
from storage.queries.in_service.outcomes import report
from storage.queries.in_service.outcomes.figures import AlertFigures, HorizonFigures
from storage.queries.in_service.outcomes.rates import Rate, Share

_FIGURES = (
    "before",
    "forecasts",
    "hits",
    "inside 90 %",
    "mode right",
    "error",
    "bias",
)


@click.command()
@click.option("--machine", "machine_id", metavar="ID", help="Only of this machine.")
@since_option
@until_option
@json_option
def outcomes(
    machine_id: str | None, since: datetime | None, until: datetime | None, as_json: bool
) -> None:
    """Compare what was forecast 8, 24 and 168 hours before failures with what happened.

    Behind each share are the number of cases and a 90 % interval. Lives that ended by maintenance
    are counted and not judged. docs/outcomes.md explains the figures.

    \b
    Examples:
      fleetforge outcomes
      fleetforge outcomes --machine motor_siemens_1la7_001 --since 2026-01-01
    """
    settings = open_ledger()
    if machine_id is not None:
        machines.machine(machine_id)
    found = report.outcomes(
        silent_hours=settings.silent_hours,
        machine_id=machine_id,
        since=to_ms(since),
        until=to_ms(until),
    )
    if as_json:
        print_json(asdict(found))
    else:
        _print(found)


def _print(found: report.Outcomes) -> None:
    click.echo(
        f"{found.failed} failures; {found.maintained} lives ended by maintenance, "
        f"{found.maintained_under_alert} of them at warning or alarm"
    )
    if found.shortened:
        click.echo(
            f"only since {moment(found.since)}: before that there is too much for one answer"
        )
    if found.failed:
        print_rows(_rows(found.horizons, {}), _FIGURES, "")
    click.echo(_alerts(found.alerts))
    by_version = [
        row
        for one in found.by_version
        for row in _rows(
            one.horizons,
            {"machine_id": one.machine_id, "version": one.version or "removed"},
        )
        if row["forecasts"]
    ]
    if by_version:
        click.echo()
        print_rows(by_version, ("machine_id", "version", *_FIGURES), "")
    by_month = [row for one in found.by_month for row in _rows(one.horizons, {"month": one.month})]
    if by_month:
        click.echo()
        print_rows(by_month, ("month", *_FIGURES), "")
        for one in found.by_month:
            click.echo(f"{one.month}: {_alerts(one.alerts)}")


def _rows(horizons: Iterable[HorizonFigures], first: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **first,
            "before": f"{one.hours} h",
            "forecasts": one.hit.of,
            "hits": _share(one.hit),
            "inside 90 %": _share(one.coverage),
            "mode right": _share(one.mode),
            "error": _hours(one.median_absolute_error_hours, ""),
            "bias": _hours(one.bias_hours, "+"),
        }
        for one in horizons
    ]


def _share(share: Share) -> str:
    if share.share is None or share.low is None or share.high is None:
        return "-"
    return f"{share.share:.0%} ({share.low:.0%} to {share.high:.0%}) of {share.of}"


def _hours(hours: float | None, sign: str) -> str:
    return "-" if hours is None else f"{hours:{sign}.1f} h"


def _alerts(alerts: AlertFigures) -> str:
    return (
        f"{alerts.raised} alerts: {alerts.right} right, {alerts.false.count} false, "
        f"{alerts.undecided} undecided{_rate(alerts.false)}"
    )


def _rate(rate: Rate) -> str:
    if rate.per_1000_hours is None or rate.low is None or rate.high is None:
        return ""
    return (
        f"; {rate.per_1000_hours:.2f} false ({rate.low:.2f} to {rate.high:.2f}) in 1,000 h "
        f"of {rate.hours:,.0f} h in service"
    )
