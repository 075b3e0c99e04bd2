from __future__ import annotations

import ctypes

import pytest

from GAN.maintenance.solver_output import stdout_to_stderr


def test_what_the_solver_prints_is_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    libc = ctypes.CDLL(None)
    print("before")  # noqa: T201
    with stdout_to_stderr():
        libc.puts(b"from the solver")
    print("after")  # noqa: T201
    out, err = capfd.readouterr()
    assert out == "before\nafter\n"
    assert err == "from the solver\n"
