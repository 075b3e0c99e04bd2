"""`fleetforge readings listen`."""

from __future__ import annotations

import socket
from pathlib import Path

import click

from commands.session import open_ledger, publisher
from commands.stopping import stop_event, stop_on_eof_option
from errors import InvalidInput, LibraryMissing, Problem
from storage.database import wait_for_lock

#: How long a commit waits for another writer of SQLite before the broker is served, seconds.
_LOCK_SECONDS = 5.0


@click.command()
@click.argument("url", metavar="[URL]", required=False)
@click.option(
    "--topic",
    default="fleetforge/+/+",
    metavar="PATTERN",
    show_default=True,
    help="Topics to listen to; the first + is the machine, the second the unit.",
)
@click.option(
    "--ca",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Certificate of the broker's CA; by default, the CAs of the system are trusted.",
)
@click.option(
    "--protocol",
    type=click.Choice(["5", "3.1.1"]),
    default="5",
    show_default=True,
    help="Version of MQTT.",
)
@click.option(
    "--client-id",
    metavar="ID",
    help="Name of the session at the broker, another one for each listener; "
    "default: fleetforge-HOST.",
)
@click.option(
    "--alerts",
    metavar="TOPIC",
    help="Publish alerts to TOPIC/MACHINE/UNIT, such as fleetforge/alerts.",
)
@stop_on_eof_option
def listen(
    url: str | None,
    topic: str,
    ca: Path | None,
    protocol: str,
    client_id: str | None,
    alerts: str | None,
    stop_on_eof: bool,
) -> None:
    """Take in readings that come over MQTT, until SIGTERM or Ctrl-C.

    A message is JSON: {"at": TIME, "readings": {"SENSOR": NUMBER}}, or a list of such objects. Its
    topic names machine and unit. It is acknowledged after its readings are in the ledger.

    URL is mqtt://HOST, or mqtts://USER:PASSWORD@HOST for TLS; by default, FLEETFORGE_MQTT_URL.
    Other users of the host can read the arguments of a command, so write a password into that
    setting.

    \b
    Examples:
      fleetforge readings listen mqtt://localhost
      fleetforge readings listen mqtts://plant:secret@broker.example --ca plant-ca.pem
    """
    settings = open_ledger(create=True)
    from actors.runtime.log import set_up_logging

    try:
        from actors.mqtt.connection import Client
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("paho"):
            raise
        advice = "run: pip install 'fleetforge[mqtt]'"
        raise LibraryMissing(f"MQTT needs the library paho-mqtt; {advice}") from None
    from actors.mqtt.address import Address, Pattern
    from actors.mqtt.intake import Intake
    from actors.mqtt.listener import Listener
    from actors.mqtt.tally import Tally

    if alerts is not None and set(alerts) & set("+#"):
        problem = Problem("", f"'{alerts}' has a + or #", "write a topic such as fleetforge/alerts")
        raise InvalidInput("--alerts", [problem])
    if url is None and settings.mqtt_url is not None:
        url = settings.mqtt_url.get_secret_value()
    if url is None:
        advice = "write mqtt://host, or set FLEETFORGE_MQTT_URL"
        raise InvalidInput("URL", [Problem("", "no MQTT broker", advice)])
    pattern, address = Pattern.of(topic), Address.of(url)
    if ca is not None and not address.encrypted:
        problem = Problem("", "the connection is not encrypted", "write mqtts:// or leave it out")
        raise InvalidInput("--ca", [problem])
    set_up_logging(as_json=settings.log_json)
    stopping = stop_event(stop_on_eof=stop_on_eof)
    wait_for_lock(lambda: 0.0 if stopping.is_set() else _LOCK_SECONDS)
    client = Client(address, client_id or f"fleetforge-{socket.gethostname()}", topic, protocol, ca)
    intake = Intake(pattern, publisher(settings), settings.max_units, Tally())
    Listener(client, intake, stopping, alerts and alerts.rstrip("/")).run()
