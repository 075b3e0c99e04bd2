"""The embedded database after a power cut, at whatever moment and at whatever byte."""

from __future__ import annotations

import json
import operator
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from storage.database import database, open_database, reading, transaction
from storage.schema import upgrade
from storage.settings import Settings
from storage.tables import Job
from tests.integration.chains import Commit, Contents, chain, contents, recovered
from tests.integration.storage.forgetful_disk import ForgetfulDisk, WriteLog
from tests.waiting import eventually

REPOSITORY = Path(__file__).parents[3]

LEDGER = "ledger.sqlite3"
WAL = f"{LEDGER}-wal"
WAL_HEADER_BYTES = 32
FRAME_BYTES = 24 + 4096


def embedded(home: Path) -> Settings:
    return Settings(home=home, database_url=None)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Path]:
    """An empty, migrated ledger that this process has open; its home."""
    open_database(embedded(tmp_path))
    upgrade()
    yield tmp_path
    database.close()


class History(NamedTuple):
    """What a ledger held after each of its commits, and how far its files were then.

    Attributes:
        kept: Numbers of the commits that outlive a cut of the power.
    """

    ledgers: list[Contents]
    marks: list[int]
    kept: list[int]

    @classmethod
    def begin(cls) -> History:
        return cls([contents()], [0], [0])

    def note(self, mark: int, *, kept: bool = True) -> None:
        if kept:
            self.kept.append(len(self.ledgers))
        self.ledgers.append(contents())
        self.marks.append(mark)

    def last_kept(self, mark: int) -> int:
        """The number of the last commit that had returned and has to be there."""
        return self.kept[bisect_right(self.kept, self.last_commit(mark)) - 1]

    def last_commit(self, mark: int) -> int:
        """The number of the last commit that had returned."""
        return bisect_right(self.marks, mark) - 1


class TestSettingsInForce:
    @pytest.mark.usefixtures("opened")
    def test_every_connection_writes_ahead_and_waits_for_the_disk(self) -> None:
        found = []

        def look() -> None:
            for pragma in ("journal_mode", "synchronous", "foreign_keys"):
                found.extend(database.execute_sql(f"PRAGMA {pragma}").fetchone())
            database.close()

        look()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        full = 2
        assert found == ["wal", full, 1] * 2

    @pytest.mark.usefixtures("opened")
    def test_sqlite_is_newer_than_the_wal_reset_race(self) -> None:
        (version,) = database.execute_sql("SELECT sqlite_version()").fetchone()
        assert tuple(map(int, version.split("."))) >= (3, 51, 3)

    def test_a_transaction_has_the_write_lock_before_its_first_write(self, opened: Path) -> None:
        other = apsw.Connection(str(opened / LEDGER))
        with transaction():
            assert Job.select().count() == 0
            with pytest.raises(apsw.BusyError):
                other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")
        with reading():
            assert Job.select().count() == 0
        other.execute("ROLLBACK")
        other.close()


class TestCopiedMidRun:
    """Processes write as fast as they can; all are frozen, and the files copied as they are."""

    WRITERS = 3
    COPIES = 24

    def test_every_copy_is_whole_and_has_every_reported_commit(self, tmp_path: Path) -> None:
        home = tmp_path / "home"
        recovered(embedded(home))
        chosen = random.Random(1)
        copies: list[tuple[Path, list[str]]] = []
        with self.writers(home) as processes:
            eventually(lambda: self.all_have_begun(home, processes), 60)
            for number in range(self.COPIES):
                enough = len(self.reports(home)) + chosen.randint(1, 80)
                eventually(partial(self.have_reported, home, enough), 60)
                with self.frozen(processes):
                    copies.append((tmp_path / f"copy-{number}", self.reports(home)))
                    copies[-1][0].mkdir()
                    for name in (LEDGER, WAL):  # The -shm lies in memory: it goes with the power.
                        shutil.copyfile(home / name, copies[-1][0] / name)
        wals = {self.salt(copy) for copy, _ in copies}
        assert len(wals) > 3, "too little was written: no copy is from after a checkpoint"
        copies.append((home, self.reports(home)))
        for copy, reports in copies:
            commits = [Commit(*json.loads(report)) for report in reports]
            assert recovered(embedded(copy)).lacks(commits) == []

    @contextmanager
    def writers(self, home: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
        command = [sys.executable, "-m", "tests.integration.chains", str(home)]
        processes = [
            subprocess.Popen([*command, str(number), home / f"{number}.reports"], cwd=REPOSITORY)
            for number in range(self.WRITERS)
        ]
        try:
            yield processes
        finally:
            for process in processes:
                process.kill()
                process.wait()

    def all_have_begun(self, home: Path, processes: list[subprocess.Popen[bytes]]) -> bool:
        assert all(process.poll() is None for process in processes), "a writer has ended by itself"
        return all(self.reports(home, number) for number in range(self.WRITERS))

    @contextmanager
    def frozen(self, processes: list[subprocess.Popen[bytes]]) -> Iterator[None]:
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        for process in processes:
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status), "a writer has ended by itself"
        yield
        for process in processes:
            process.send_signal(signal.SIGCONT)

    def have_reported(self, home: Path, enough: int) -> bool:
        return len(self.reports(home)) >= enough

    def reports(self, home: Path, writer: int | str = "*") -> list[str]:
        """What the writers know to be committed, a line each; the last may be half a line."""
        texts = [file.read_text() for file in home.glob(f"{writer}.reports")]
        return [line for text in texts for line in text.split("\n")[:-1]]

    def salt(self, home: Path) -> bytes:
        """What the WAL's header changes each time the WAL begins anew, after a checkpoint."""
        return (home / WAL).read_bytes()[16:24]


class Cuttable:
    """The files of a ledger whose every page since its birth lies in the WAL alone."""

    def __init__(self, home: Path, copy: Path) -> None:
        chosen = random.Random(1)
        open_database(embedded(home))
        database.connect()
        self.newborn = (home / LEDGER).read_bytes()
        upgrade()
        self.history = History.begin()
        self.history.note((home / WAL).stat().st_size)
        for _ in chain("pump_1", chosen):
            self.history.note((home / WAL).stat().st_size)
        self.wal = (home / WAL).read_bytes()
        assert (home / LEDGER).read_bytes() == self.newborn
        database.close()
        noise = chosen.choices(range(1, 256), k=len(self.wal))
        self.garbage = bytes(map(operator.xor, self.wal, noise))
        self.copy = embedded(copy)

    def cut(self, length: int, tail: bytes = b"") -> None:
        """Open the files with the WAL cut there: the ledger is that of the commits before."""
        (self.copy.home / LEDGER).write_bytes(self.newborn)
        (self.copy.home / WAL).write_bytes(self.wal[:length] + tail)
        last = self.history.last_commit(length)
        as_then = recovered(self.copy) == self.history.ledgers[last]
        assert as_then, f"cut at byte {length}: not the ledger after commit {last}"

    def tear(self, length: int) -> None:
        """The same, but the bytes after the cut are there, and every one is wrong."""
        self.cut(length, self.garbage[length:])


@pytest.fixture(scope="module")
def cuttable(tmp_path_factory: pytest.TempPathFactory) -> Cuttable:
    return Cuttable(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("copy"))


class TestCutAtAnyByte:
    """The WAL ends anywhere, or goes on with garbage: what is whole before that is the ledger."""

    def test_the_whole_wal_gives_every_commit(self, cuttable: Cuttable) -> None:
        assert len(cuttable.history.ledgers) > 20
        assert cuttable.history.marks == sorted(set(cuttable.history.marks))
        assert cuttable.history.marks[-1] == len(cuttable.wal)
        cuttable.cut(len(cuttable.wal))

    def test_cut_at_and_next_to_every_frame(self, cuttable: Cuttable) -> None:
        for boundary in range(WAL_HEADER_BYTES, len(cuttable.wal) + 1, FRAME_BYTES):
            for length in (boundary - 1, boundary, boundary + 1):
                cuttable.cut(length)

    def test_torn_at_every_frame(self, cuttable: Cuttable) -> None:
        for boundary in range(WAL_HEADER_BYTES, len(cuttable.wal), FRAME_BYTES):
            cuttable.tear(boundary)

    @hypothesis_settings(max_examples=80, deadline=None, derandomize=True, database=None)
    @given(data=st.data(), torn=st.booleans())
    def test_cut_or_torn_anywhere(
        self, cuttable: Cuttable, data: st.DataObject, torn: bool
    ) -> None:
        length = data.draw(st.integers(0, len(cuttable.wal)), "length")
        (cuttable.tear if torn else cuttable.cut)(length)


class TestUnsyncedWritesLost:
    """The power goes between any two writes, and any part of what was not synced is lost."""

    CUTS = 200

    def test_every_commit_that_returned_is_there(self, opened: Path, tmp_path: Path) -> None:
        database.close()
        disk = ForgetfulDisk({LEDGER: (opened / LEDGER).read_bytes()})
        chosen = random.Random(1)
        log = WriteLog()
        try:
            database.execute_sql("PRAGMA wal_autocheckpoint = 64")
            history = History.begin()
            for number in range(5):
                for commit in chain(f"pump_{number}", chosen):
                    history.note(len(log.entries), kept=commit.kept)
        finally:
            database.close()
            log.unregister()
        checkpoints = log.entries[: history.marks[-1]].count((LEDGER, None))
        assert checkpoints > 5

        copy = embedded(tmp_path / "copy")
        copy.home.mkdir()
        cuts = set(chosen.sample(range(history.marks[-1]), self.CUTS))
        for written, entry in enumerate(log.entries[: history.marks[-1]]):
            if written in cuts:
                for name, data in disk.after_power_cut(chosen).items():
                    (copy.home / name).write_bytes(data)
                kept, last = history.last_kept(written), history.last_commit(written)
                there = recovered(copy) in history.ledgers[kept : last + 2]
                assert there, f"cut before write {written}: no ledger after commit {kept} to {last}"
            disk.take(*entry)
