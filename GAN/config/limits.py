"""The range of every setting that a user can choose. Each bound is defined here and nowhere else.

The module imports nothing heavy, so the command line, the HTTP service and the events can use it.
"""

from __future__ import annotations

from errors import InvalidInput, Problem

#: Rows of a seed data set.
MIN_SEED_ROWS, MAX_SEED_ROWS = 1_000, 100_000

#: Passes of a training over the seed.
MIN_EPOCHS, MAX_EPOCHS = 1, 1_000

#: Rows of one synthetic set. A life has at least a first row and a last one.
MIN_SET_ROWS, MAX_SET_ROWS = 2, 1_000_000

#: The number that makes random draws repeatable: 32 bits, as NumPy's and scikit-learn's seeds.
MIN_RANDOM_SEED, MAX_RANDOM_SEED = 0, 2**32 - 1

#: The longest life of a machine, hours.
MIN_MAX_RUL_HOURS, MAX_MAX_RUL_HOURS = 50, 1_000_000

#: Share of a seed's rows that may be simulated when real data are imported.
MIN_PHYSICS_SHARE, MAX_PHYSICS_SHARE = 0.0, 0.9

#: Accepted false alarms of novelty in 1,000 healthy hours.
MIN_FALSE_ALARMS, MAX_FALSE_ALARMS = 0.001, 1_000.0

#: Rows and bytes of one batch of readings.
MAX_BATCH_ROWS, MAX_BATCH_BYTES = 50_000, 8_000_000

#: How far a reading may be ahead of the ledger's clock, minutes.
MAX_MINUTES_AHEAD = 5

#: Units and windows of a maintenance plan. Its time and memory grow with their product.
MIN_PLAN_UNITS, MAX_PLAN_UNITS = 1, 10_000
MIN_PLAN_WINDOWS, MAX_PLAN_WINDOWS = 1, 104

#: Days from the newest forecast to the start of a plan's last window.
MAX_PLAN_DAYS = 3_650

#: Weeks that a weekly maintenance window repeats: two years.
MIN_PLAN_WEEKS, MAX_PLAN_WEEKS = 1, 104

#: Cost of a failure or of a planned stop, in any currency.
MIN_COST, MAX_COST = 1e-6, 1e12

#: Hours of work that a planned stop takes.
MIN_STOP_HOURS, MAX_STOP_HOURS = 0.01, 10_000.0

#: Capacity of a maintenance window: units, hours of work. 0 closes the window.
MIN_WINDOW_UNITS, MAX_WINDOW_UNITS = 0, 100_000
MIN_WINDOW_WORK_HOURS, MAX_WINDOW_WORK_HOURS = 0.0, 1_000_000.0

#: Hours in service, remaining useful life and lifetimes in a plan.
MIN_LIFE_HOURS, MAX_LIFE_HOURS = 0.0, 1e9


def check_count(name: str, value: int, least: int, most: int) -> None:
    """Refuse a count outside its range.

    Raises:
        InvalidInput: `value` is not between `least` and `most`.
    """
    if not least <= value <= most:
        advice = f"write a whole number from {least:,} to {most:,}"
        raise InvalidInput("settings", [Problem(name, f"{value:,} is out of range", advice)])
