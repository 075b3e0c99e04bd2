"""Keep what HiGHS prints away from the results on standard output.

HiGHS 1.12, which SciPy 1.17 has, prints a forgotten line (ERGO-Code/HiGHS issue 2783) even if its
log is off. It would be in the middle of a JSON document.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.Lock()
_STDOUT, _STDERR = 1, 2


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """While it is open, standard output of the process goes to standard error; nothing is lost."""
    with _ONE_AT_A_TIME:
        _flush()
        try:
            kept = os.dup(_STDOUT)
        except OSError:  # Standard output is closed.
            yield
            return
        try:
            os.dup2(_STDERR, _STDOUT)
            yield
        finally:
            _flush()
            os.dup2(kept, _STDOUT)
            os.close(kept)


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()
    ctypes.CDLL(None).fflush(None)  # The C library has its own buffer.
