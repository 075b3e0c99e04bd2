"""The tables of units: readings, predictions, alerts and lives. Times as in `storage.tables`."""

from __future__ import annotations

from peewee import (
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CharField,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from storage.delivery.tables import Incident
from storage.tables import Machine, Predictor, Table


class Unit(Table):
    """One individual of a machine type, and what is known of it now."""

    id = BigAutoField()
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    unit = CharField(max_length=60)
    #: 1, 2, …: increases when the unit is replaced or has failed.
    life = IntegerField()
    #: When this life began: at its first reading, or when the last life ended.
    began_at = BigIntegerField()
    #: Time of the newest reading; 0 before the first.
    seen_at = BigIntegerField()
    #: When the newest readings came, by the database's clock.
    received_at = BigIntegerField(null=True)
    #: Time of the newest reading that `condition` includes. Later readings wait.
    condition_at = BigIntegerField()
    #: What these figures depend on; with another basis they are computed anew.
    condition_basis = CharField(max_length=64, null=True)
    #: Time of the reading that `latest` was made at.
    predicted_at = BigIntegerField(null=True)
    #: Time of the reading of the newest row in `predictions`.
    kept_at = BigIntegerField(null=True)
    predictor_version = IntegerField(null=True)
    level = CharField(max_length=12)
    level_since = BigIntegerField(null=True)
    #: Hours in service since which what raised the level is gone; null: it is not.
    calm_since = DoubleField(null=True)
    rul_hours = DoubleField(null=True)
    created_at = BigIntegerField()
    #: The running figures of its sensors; see `GAN.prognosis.condition.running`.
    condition = BlobField(null=True)
    #: JSON: the newest prediction, without its explanation.
    latest = TextField(null=True)

    class Meta:
        table_name = "units"


class Reading(Table):
    """A row of readings of a unit; one time has one row."""

    id = BigAutoField()
    unit = ForeignKeyField(Unit, on_delete="CASCADE", lazy_load=False)
    at = BigIntegerField()
    #: One float64 for each sensor of the profile, little-endian; NaN without a reading,
    #: infinity if the reading is impossible.
    figures = BlobField()
    #: Whether it came after a later one was used; then it is kept and moves nothing.
    late = BooleanField()

    class Meta:
        table_name = "readings"


class Life(Table):
    """A life of a unit that has ended."""

    id = BigAutoField()
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    unit = ForeignKeyField(Unit, on_delete="CASCADE", lazy_load=False)
    life = IntegerField()
    began_at = BigIntegerField()
    ended_at = BigIntegerField()
    ended_by = CharField(max_length=12)
    failure_mode = CharField(max_length=60, null=True)
    note = TextField()
    #: The file of its readings; null until it is written, or if there are none.
    key = CharField(max_length=400, null=True)
    created_at = BigIntegerField()

    class Meta:
        table_name = "lives"


class Prediction(Table):
    """A prediction of a unit that is kept; `predicted_at` is the time of its newest reading."""

    id = BigAutoField()
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    unit = ForeignKeyField(Unit, on_delete="CASCADE", lazy_load=False)
    life = IntegerField()
    #: The version that made it; null once that version is removed.
    predictor = ForeignKeyField(Predictor, null=True, on_delete="SET NULL", lazy_load=False)
    level = CharField(max_length=12)
    #: The most likely failure mode, and its probability within the planning horizon.
    failure_class = CharField(max_length=60, null=True)
    probability = DoubleField(null=True)
    probability_24h = DoubleField(null=True)
    #: JSON object: probability by failure mode, and of `healthy`.
    probabilities = TextField(null=True)
    rul_hours = DoubleField(null=True)
    rul_low_hours = DoubleField(null=True)
    rul_high_hours = DoubleField(null=True)
    anomaly_score = DoubleField(null=True)
    anomaly_limit = DoubleField(null=True)
    strangeness = DoubleField(null=True)
    health = DoubleField(null=True)
    predicted_at = BigIntegerField()
    created_at = BigIntegerField()

    class Meta:
        table_name = "predictions"


class Explanation(Table):
    """The explanation of a prediction."""

    id = BigAutoField()
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    prediction = ForeignKeyField(Prediction, on_delete="CASCADE", unique=True, lazy_load=False)
    method = CharField(max_length=60)
    #: JSON object: sentence, usual_hours, reasons, similar_lives, outlook.
    content = TextField()
    created_at = BigIntegerField()

    class Meta:
        table_name = "explanations"


class Repair(Table):
    """A repair of a unit; its life goes on."""

    id = BigAutoField()
    unit = ForeignKeyField(Unit, on_delete="CASCADE", lazy_load=False)
    life = IntegerField()
    #: When it was done.
    at = BigIntegerField()
    #: JSON array: the sensors that measure what was repaired.
    sensors = TextField()
    note = TextField()
    who = CharField(max_length=60)
    created_at = BigIntegerField()

    class Meta:
        table_name = "repairs"


class Alert(Table):
    """An alert of a unit; at most one of a unit is open."""

    id = BigAutoField()
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    unit = ForeignKeyField(Unit, on_delete="CASCADE", lazy_load=False)
    life = IntegerField()
    #: The highest level that it has reached.
    level = CharField(max_length=12)
    cause = CharField(max_length=30)
    sentence = TextField()
    #: Time of the reading at which it reached that level.
    reading_at = BigIntegerField()
    raised_at = BigIntegerField()
    #: When it reached that level, by the database's clock.
    risen_at = BigIntegerField()
    cleared_at = BigIntegerField(null=True)
    cleared_by = CharField(max_length=12, null=True)
    acknowledged_at = BigIntegerField(null=True)
    acknowledged_by = CharField(max_length=60, null=True)
    note = TextField(null=True)
    #: The incident that it is part of.
    incident = ForeignKeyField(Incident, null=True, on_delete="SET NULL", lazy_load=False)
    #: When its first message was written, or that of its incident.
    announced_at = BigIntegerField(null=True)
    #: When the silence ends that it rose in; then it is announced, if it is still open.
    silenced_until = BigIntegerField(null=True)

    class Meta:
        table_name = "alerts"
