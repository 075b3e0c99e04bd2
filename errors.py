"""Every error Fleetforge raises on purpose: one shallow tree.

A message is one line that a user can act on. An exception that is not in this tree is a bug and
keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class FleetforgeError(Exception):
    """Base of all errors that are shown to the user as a message."""

    exit_code = 1


class SettingsError(FleetforgeError):
    """A `FLEETFORGE_*` setting is missing, unknown or malformed."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    Attributes:
        path: Place in the input, such as `sensors[3].normal.max`.
        message: What is wrong.
        advice: What to write instead.
    """

    path: str
    message: str
    advice: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.message}; {self.advice}" if self.advice else f"{where}{self.message}"


class InvalidInput(FleetforgeError):
    """Invalid input from a user; carries every problem, not just the first."""

    exit_code = 2

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))


class InvalidProfile(InvalidInput):
    """A machine profile that cannot be onboarded."""


class NotFound(FleetforgeError):
    """A machine, job, artifact or template that does not exist.

    Attributes:
        kind: What is missing: `machine`, `job`, `unit`, `alert` … The command line adds the
            command that lists them. None for anything else.
    """

    def __init__(self, message: str, kind: str | None = None) -> None:
        self.kind = kind
        super().__init__(message)


class Conflict(FleetforgeError):
    """The request is not possible in the current state."""


class InputMissing(Conflict):
    """A stage was requested whose input does not exist yet."""

    def __init__(self, machine_id: str, missing: str) -> None:
        self.machine_id = machine_id
        self.missing = missing
        super().__init__(f"{machine_id} has no {missing} yet")


class StaleLease(FleetforgeError):
    """The lease was lost: the token is no longer the job's, so nothing may be written."""


class StageError(FleetforgeError):
    """A stage cannot produce its result from this input; a retry will not help."""


class ArtifactCorrupt(FleetforgeError):
    """A stored file's SHA-256 is not the one in the ledger."""


class StoreUnavailable(FleetforgeError, OSError):
    """The artifact store does not answer, or refuses."""


class StewardLost(FleetforgeError):
    """A worker's steward has ended, so the worker ends too and has to be restarted."""


class ForkServerLost(FleetforgeError):
    """The process that stages are forked from ended while a worker waited for it."""


class LedgerUnavailable(FleetforgeError):
    """The database does not answer."""


class SchemaTooNew(FleetforgeError):
    """Newer code has changed the ledger in a way that this code cannot use."""


class BrokerUnavailable(FleetforgeError):
    """Redis or Valkey does not answer."""


class MqttRefused(FleetforgeError):
    """The MQTT broker does not let this client in, or cannot be trusted; a retry will not help."""


class LibraryMissing(FleetforgeError):
    """A library that only some users need is not installed."""


class DeliveryFailed(FleetforgeError):
    """A webhook's receiver has not taken a message.

    Attributes:
        gone: Whether it answered that it wants no more messages (410).
    """

    def __init__(self, message: str, *, gone: bool = False) -> None:
        self.gone = gone
        super().__init__(message)


class AccessRefused(FleetforgeError):
    """A client without access to what it requests.

    Attributes:
        status: 401 without a usable token; 403 if the token's scope does not suffice.
        challenge: Value of the `WWW-Authenticate` header (RFC 6750).
    """

    def __init__(self, message: str, status: int, challenge: str) -> None:
        self.status = status
        self.challenge = challenge
        super().__init__(message)
