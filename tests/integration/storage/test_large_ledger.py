"""What users and workers do costs as much in a large ledger as in a small one."""

from __future__ import annotations

from typing import Any

import apsw

from benchmarks.growth.fill import fill
from benchmarks.growth.operations import Operation, operations
from storage.database import database, execute, is_sqlite, transaction
from storage.settings import Settings

FEW, MANY = 1_000, 4_000
#: These read the whole fleet, or find four times as much in a ledger that is four times as large.
PROPORTIONAL = {
    "statistics",
    "status of the fleet",
    "gc, dry run",
    "failed machines",
    "failed jobs",
    "jobs of no stage",
    # PostgreSQL reads all of a table that is so small.
    "a look at a fleet that rests",
}


def test_operations_read_no_more_rows_in_a_larger_ledger(ledger: Settings) -> None:
    work = {size: work_in_a_ledger_of(size, ledger) for size in (FEW, MANY)}
    grown = {name: (few, work[MANY][name]) for name, few in work[FEW].items()}
    assert {name: found for name, found in grown.items() if found[1] > 2 * found[0] + 500} == {}


def work_in_a_ledger_of(machines: int, ledger: Settings) -> dict[str, int]:
    """What each operation reads in an otherwise empty ledger."""
    with transaction():
        execute("DELETE FROM machines")
        execute("DELETE FROM workers")
    fill(machines)
    todo = operations(machines, ledger.home / "files")
    measure = sqlite_steps if is_sqlite() else postgresql_rows
    return {name: measure(todo[name]) for name in todo if name not in PROPORTIONAL}


def sqlite_steps(operation: Operation) -> int:
    """Steps of SQLite's virtual machine; a row that is read takes some."""
    steps: list[int] = []

    def ended(statement: dict[str, Any]) -> None:
        steps.append(statement["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

    database.connection().trace_v2(apsw.SQLITE_TRACE_PROFILE, ended)
    operation()
    database.connection().trace_v2(0)
    return sum(steps)


def postgresql_rows(operation: Operation) -> int:
    """Rows that PostgreSQL reads, from tables and by indexes."""
    with transaction():
        before = postgresql_rows_so_far()
        operation()
        return postgresql_rows_so_far() - before


def postgresql_rows_so_far() -> int:
    """Those of this connection that PostgreSQL has not yet added to its totals."""
    read = "SELECT SUM(seq_tup_read + COALESCE(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
    return int(execute(read)[0][0] or 0)
