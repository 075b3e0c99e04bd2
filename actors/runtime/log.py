"""The workers' log: one line for each event, as text or, by setting, as JSON."""

from __future__ import annotations

import io
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.processors import JSONRenderer, format_exc_info
from structlog.typing import EventDict, Processor

from storage.ledger.claims import Claim

#: Fields of every line of this process, from all its threads.
_about: dict[str, Any] = {}


def set_up_logging(*, as_json: bool) -> None:
    """Send log lines, libraries' warnings and uncaught errors to standard error.

    Args:
        as_json: One JSON object a line, instead of text.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_about,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor
    if as_json:
        shared.append(format_exc_info)
        renderer = JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=0,
            # The default shows every frame's variables, which may hold a password.
            exception_formatter=structlog.dev.plain_traceback,
        )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # One write for each line, so that lines of other processes do not mix with it.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    others = logging.StreamHandler(sys.stderr)
    others.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    logging.basicConfig(level=logging.WARNING, handlers=[others], force=True)
    warnings.showwarning = _log_warning  # type: ignore[assignment]
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def say_in_every_line(about: Mapping[str, Any]) -> None:
    """Add these fields to every line that this process logs from now on."""
    _about.clear()
    _about.update(about)


def fields_of(claim: Claim) -> dict[str, Any]:
    """The fields of every line about a job."""
    return {
        "job": claim.job_id,
        "token": claim.token,
        "machine": claim.machine_id,
        "stage": claim.stage,
        "event_id": claim.event_id,
        "correlation": claim.correlation_id,
    }


def _add_about(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {**_about, **event}


@contextmanager
def logging_what_is_printed() -> Iterator[None]:
    """Turn everything printed in this block into log lines, also by libraries' threads."""
    log = structlog.get_logger()
    with (
        redirect_stdout(_PrintedLines(log.info, sys.stdout)) as printed,
        redirect_stderr(_PrintedLines(log.warning, sys.stderr)) as complained,
    ):
        try:
            yield
        finally:
            for lines in (printed, complained):
                lines.write("\n")  # The last line may lack its end.


class _PrintedLines(io.TextIOBase):
    def __init__(self, log: Callable[[str], Any], stream: TextIO) -> None:
        self._log = log
        self._stream = stream
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                self._log(line)
        return len(text)

    def fileno(self) -> int:
        return self._stream.fileno()


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    _file: TextIO | None = None,
    _line: str | None = None,
) -> None:
    place = f"{filename}:{lineno}"
    structlog.get_logger().warning(str(message), category=category.__name__, place=place)


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    structlog.get_logger().critical("uncaught", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(ended: threading.ExceptHookArgs) -> None:
    if not issubclass(ended.exc_type, SystemExit):  # The regular end of a thread.
        _log_uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)
