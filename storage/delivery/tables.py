"""The tables of what is sent about alerts. Times as in `storage.tables`."""

from __future__ import annotations

from peewee import (
    BigAutoField,
    BigIntegerField,
    CharField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from storage.tables import Machine, Table


class Webhook(Table):
    """An address that messages about alerts are sent to."""

    id = BigAutoField()
    url = CharField(max_length=2000)
    #: Signs the messages, so it cannot be stored as a hash.
    secret = CharField(max_length=100)
    who = CharField(max_length=60)
    created_at = BigIntegerField()
    #: When its receiver answered 410: it wants no more messages.
    disabled_at = BigIntegerField(null=True)

    class Meta:
        table_name = "webhooks"


class Delivery(Table):
    """A message to one webhook. A row that is neither sent nor given up is the outbox."""

    id = BigAutoField()
    webhook = ForeignKeyField(Webhook, on_delete="CASCADE", lazy_load=False)
    #: The receiver knows a repeated message by it.
    message_id = CharField(max_length=40, unique=True)
    #: What it is about, such as `alert 3`; messages about one subject are sent in order.
    subject = CharField(max_length=40)
    type = CharField(max_length=30)
    payload = TextField()
    #: Attempts that have begun. It increases at each claim, so it also identifies a claim.
    attempts = IntegerField()
    created_at = BigIntegerField()
    #: When it is sent or tried again; while it is being sent, when its claim ends.
    due_at = BigIntegerField()
    sent_at = BigIntegerField(null=True)
    given_up_at = BigIntegerField(null=True)
    last_error = CharField(max_length=300, null=True)

    class Meta:
        table_name = "deliveries"


class Incident(Table):
    """Many alerts of one cause at once; its units are those of its alerts."""

    id = BigAutoField()
    cause = CharField(max_length=30)
    began_at = BigIntegerField()
    #: When its newest alert joined.
    grew_at = BigIntegerField()
    #: When its last alert was cleared.
    ended_at = BigIntegerField(null=True)

    class Meta:
        table_name = "incidents"


class Silence(Table):
    """A time of planned work, in which alerts are not sent."""

    id = BigAutoField()
    #: Null: all machines.
    machine = ForeignKeyField(Machine, null=True, on_delete="CASCADE", lazy_load=False)
    #: Null: all units of the machine.
    unit = CharField(max_length=60, null=True)
    starts_at = BigIntegerField()
    ends_at = BigIntegerField()
    who = CharField(max_length=60)
    note = TextField()
    created_at = BigIntegerField()

    class Meta:
        table_name = "silences"
