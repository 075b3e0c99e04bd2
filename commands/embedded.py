"""Workers for commands that wait for work: the embedded stack, if none was started."""

from __future__ import annotations

from contextlib import ExitStack

import click

from storage.ledger import workers
from storage.settings import Settings


class EmbeddedWorkers:
    """The embedded stack, started if a queue has no worker.

    Args:
        settings: Where it is.
        machines: How many machines have work: there are no more workers than that.
        resources: The stack ends with these.
    """

    def __init__(self, settings: Settings, machines: int, resources: ExitStack) -> None:
        self._settings = settings
        self._machines = machines
        self._resources = resources
        self._done = False

    def help(self) -> None:
        """If a queue has no worker, start the stack, or print what to start."""
        if self._done or not _unserved():
            return
        self._done = True
        if not self._settings.embedded_broker:
            click.echo(f"no worker on {', '.join(_unserved())}: start fleetforge worker", err=True)
            return
        from actors.runtime.log import set_up_logging
        from actors.runtime.supervisor import Stack, worker_commands

        set_up_logging(as_json=self._settings.log_json)
        logs = self._settings.logs
        click.echo(f"starting the embedded stack; its logs: {logs}", err=True)
        stack = Stack(self._settings, worker_commands(self._machines), logs)
        self._resources.enter_context(stack)


def _unserved() -> list[str]:
    from actors.stage import queues as declared

    served = {queue for worker in workers.alive() for queue in worker.queues}
    return [queue for queue in declared() if queue not in served]
