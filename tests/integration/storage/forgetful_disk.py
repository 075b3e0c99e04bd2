"""A disk that forgets, when the power goes, any part of what was not synced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import apsw

SECTOR_BYTES = 512

#: What the write of a sector does to a file; None is a sync of all that was written before.
Change = Callable[[bytearray], None] | None


class WriteLog(apsw.VFS):
    """SQLite's way to the real disk, from now until `unregister`.

    Attributes:
        entries: File name and change, for the database and its WAL, in SQLite's order.
    """

    def __init__(self) -> None:
        self._real = apsw.vfs_names()[0]
        self.entries: list[tuple[str, Change]] = []
        super().__init__("write_log", self._real, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        """Open a file and, unless it is a temporary one, log what is written to it."""
        if flags[0] & (apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_WAL):
            return _LoggedFile(self.entries, self._real, name, flags)
        return super().xOpen(name, flags)


class _LoggedFile(apsw.VFSFile):
    def __init__(
        self,
        entries: list[tuple[str, Change]],
        real: str,
        name: str | apsw.URIFilename | None,
        flags: list[int],
    ) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._name = Path(path).name
        self._entries = entries
        super().__init__(real, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        start = 0
        while start < len(data):
            end = start + SECTOR_BYTES - (offset + start) % SECTOR_BYTES
            write = partial(_write, data=bytes(data[start:end]), offset=offset + start)
            self._entries.append((self._name, write))
            start = end

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(size)
        self._entries.append((self._name, partial(_truncate, size=size)))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._entries.append((self._name, None))


def _write(file: bytearray, data: bytes, offset: int) -> None:
    if len(file) < offset:
        file.extend(bytes(offset - len(file)))
    file[offset : offset + len(data)] = data


def _truncate(file: bytearray, size: int) -> None:
    del file[size:]


class ForgetfulDisk:
    """Files as they are certain to be on a disk, and the writes that are only in its cache."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._synced = defaultdict(bytearray, {name: bytearray(files[name]) for name in files})
        self._cached: dict[str, list[Callable[[bytearray], None]]] = defaultdict(list)

    def take(self, name: str, change: Change) -> None:
        """Do what the log says came next."""
        if change is not None:
            self._cached[name].append(change)
            return
        for cached in self._cached.pop(name, []):
            cached(self._synced[name])

    def after_power_cut(self, random: Random) -> dict[str, bytearray]:
        """The files if the power went now; `random` says what of the cache had been written."""
        share = random.choice((0.0, 0.5, 0.9, 1.0))
        files = {name: bytearray(self._synced[name]) for name in self._synced | self._cached}
        for name, changes in self._cached.items():
            for change in changes:
                if random.random() < share:
                    change(files[name])
        return files
