"""The watched folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from actors.inbox import SETTLED_SECONDS, Folder
from errors import InvalidInput, LedgerUnavailable, Problem
from tests.waiting import eventually


class Inbox:
    """Remembers what was submitted; a file that says `bad` is refused."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.away = False

    def __call__(self, path: Path) -> None:
        if self.away:
            raise LedgerUnavailable("away")
        text = path.read_text()
        if text == "bad":
            problems = [Problem("model", "missing", "write one"), Problem("rul", "odd", "mend it")]
            raise InvalidInput(path.name, problems)
        self.taken.append((path.name, text))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.taken]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@contextmanager
def watching(folder: Path, inbox: Inbox) -> Iterator[None]:
    stopping = threading.Event()
    thread = threading.Thread(target=Folder(folder, inbox).watch, args=(stopping,))
    thread.start()
    yield
    stopping.set()
    thread.join(10)
    assert not thread.is_alive()


def test_what_is_there_already_and_what_lands_later_are_both_taken(
    tmp_path: Path, inbox: Inbox
) -> None:
    (tmp_path / "early.yaml").write_text("a")
    with watching(tmp_path, inbox):
        (tmp_path / "late.json").write_text("b")
        eventually(lambda: len(inbox.taken) == 2)
    assert sorted(inbox.names) == ["early.yaml", "late.json"]


def test_a_folder_that_does_not_exist_is_made(tmp_path: Path, inbox: Inbox) -> None:
    with watching(tmp_path / "new" / "inbox", inbox):
        eventually((tmp_path / "new" / "inbox").is_dir)


def test_a_file_is_taken_whole_however_slowly_it_is_written(tmp_path: Path, inbox: Inbox) -> None:
    with watching(tmp_path, inbox), (tmp_path / "slow.yaml").open("w") as file:
        for part in ("one ", "two ", "three"):
            file.write(part)
            file.flush()
            time.sleep(SETTLED_SECONDS / 2)  # The writer's own pace, not a wait for anything.
        eventually(lambda: inbox.taken)
    assert inbox.taken == [("slow.yaml", "one two three")]


def test_editors_files_are_left_alone(tmp_path: Path, inbox: Inbox) -> None:
    for name in (".a.yaml.swp", "a.yaml~", ".#a.yaml", "#a.yaml#", "a.yaml.tmp", "4913", "a.txt"):
        (tmp_path / name).write_text("bad")
    with watching(tmp_path, inbox):
        (tmp_path / "a.yaml").write_text("good")
        eventually(lambda: inbox.taken)
    assert inbox.names == ["a.yaml"]
    assert list(tmp_path.glob("*.error")) == []


def test_a_bad_profile_gets_every_reason_and_a_mended_one_is_registered(
    tmp_path: Path, inbox: Inbox
) -> None:
    complaint = tmp_path / "a.yaml.error"
    with watching(tmp_path, inbox):
        (tmp_path / "a.yaml").write_text("bad")
        eventually(complaint.exists)
        assert complaint.read_text() == "model: missing; write one\nrul: odd; mend it\n"
        (tmp_path / "a.yaml").write_text("good")
        eventually(lambda: inbox.taken)
        eventually(lambda: not complaint.exists())


def test_a_file_is_submitted_once_as_long_as_it_does_not_change(
    tmp_path: Path, inbox: Inbox
) -> None:
    with watching(tmp_path, inbox):
        (tmp_path / "a.yaml").write_text("a")
        eventually(lambda: inbox.taken)
        (tmp_path / "b.yaml").write_text("b")
        eventually(lambda: len(inbox.taken) == 2)
    assert inbox.names == ["a.yaml", "b.yaml"]


def test_a_profile_waits_while_the_ledger_is_away(tmp_path: Path, inbox: Inbox) -> None:
    with capture_logs() as lines:
        _wait_and_be_taken(tmp_path, inbox)
    assert [line["event"] for line in lines] == ["waiting", "taken in"]


def _wait_and_be_taken(tmp_path: Path, inbox: Inbox) -> None:
    folder = Folder(tmp_path, inbox)
    inbox.away = True
    (tmp_path / "a.yaml").write_text("a")
    folder.look()
    eventually(lambda: folder.look() or folder._unsettled)
    limit = time.monotonic() + SETTLED_SECONDS * 1.5
    eventually(lambda: folder.look() or time.monotonic() > limit)
    assert inbox.taken == []
    inbox.away = False
    eventually(lambda: folder.look() or inbox.taken)
    assert list(tmp_path.glob("*.error")) == []
