"""A real worker whose fork server imports `slow_import`."""

from __future__ import annotations

from actors.runtime.log import set_up_logging
from actors.runtime.worker import serve
from commands.stopping import stop_event
from storage.database import open_database
from storage.settings import load_settings


def main() -> None:
    """Serve the first stage's queue until it is stopped."""
    stopping = stop_event()
    settings = load_settings()
    open_database(settings)
    set_up_logging(as_json=settings.log_json)
    serve(settings, ["default"], stopping, preload=["tests.integration.actors.slow_import"])


if __name__ == "__main__":
    main()
