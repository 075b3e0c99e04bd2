"""A maintenance plan as CSV that spreadsheets show as it is."""

from __future__ import annotations

import csv
import io

from GAN.maintenance.plan import Plan
from GAN.spreadsheet import safe_cell

COLUMNS = (
    "machine_id",
    "unit",
    "decision",
    "window_start",
    "window_end",
    "stop_hours",
    "failure_probability",
    "expected_cost",
    "saved",
    "reason",
)


def csv_of(plan: Plan) -> str:
    """The units of a plan, one row each: first the stops, then who is left out.

    The probability is that of failure before the window, or within the horizon if the unit is left
    out. A text that a spreadsheet could run as a formula gets an apostrophe in front.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for stop in plan.stops:
        window = plan.window_of(stop)
        writer.writerow(
            [
                safe_cell(stop.machine_id),
                safe_cell(stop.unit),
                "stop",
                window.start.isoformat(),
                window.end.isoformat(),
                f"{stop.stop_hours:g}",
                f"{stop.failure_probability:.6f}",
                f"{stop.cost.total:.10g}",
                f"{stop.saved:.10g}",
                safe_cell(stop.reason),
            ]
        )
    for unit in plan.left_out:
        writer.writerow(
            [
                safe_cell(unit.machine_id),
                safe_cell(unit.unit),
                f"left out: {unit.because}",
                "",
                "",
                "",
                f"{unit.failure_probability:.6f}",
                f"{unit.cost.total:.10g}",
                "",
                safe_cell(unit.reason),
            ]
        )
    return text.getvalue()
