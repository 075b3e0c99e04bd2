"""The ledger's tables. Times are integer milliseconds since 1970, from the database's clock."""

from __future__ import annotations

from peewee import (
    AutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    CompositeKey,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

from storage.database import database


class Table(Model):
    """A table of the ledger."""

    class Meta:
        database = database


class Machine(Table):
    """A machine and its profile, as submitted."""

    machine_id = CharField(max_length=100, primary_key=True)
    machine_type = CharField(max_length=60)
    category = CharField(max_length=60)
    manufacturer = CharField(max_length=200)
    model = CharField(max_length=200)
    profile = TextField()
    profile_sha256 = CharField(max_length=64)
    #: JSON object: the probabilities at which levels begin; null: the defaults.
    thresholds = TextField(null=True)
    created_at = BigIntegerField()

    class Meta:
        table_name = "machines"


class Event(Table):
    """An event; append-only. `key` is unique: a second event with the same key is not written."""

    id = AutoField()
    type = CharField(max_length=60)
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    correlation_id = CharField(max_length=32)
    causation_id = IntegerField(null=True)
    payload = TextField()
    key = CharField(max_length=200, null=True, unique=True)
    chain = CharField(max_length=60)
    effect = CharField(max_length=10)
    #: Who asked for it; null in rows that version 0.1 wrote.
    actor = CharField(max_length=60, null=True)
    #: The job that published it; null for a request.
    job_id = IntegerField(null=True)
    #: Whether such events come again and again; lists leave them out, and they are pruned.
    recurring = BooleanField(default=False)
    occurred_at = BigIntegerField()

    class Meta:
        table_name = "events"


class Job(Table):
    """One stage's reaction to one event. A pending row is the outbox."""

    id = AutoField()
    event = ForeignKeyField(Event, on_delete="CASCADE", lazy_load=False)
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    stage = CharField(max_length=60)
    queue = CharField(max_length=60)
    chain = CharField(max_length=60)
    status = CharField(max_length=10)
    token = IntegerField()
    worker = CharField(max_length=100, null=True)
    lease_until = BigIntegerField(null=True)
    due_at = BigIntegerField()
    attempts = IntegerField()
    crashes = IntegerField()
    progress = IntegerField()
    epoch = IntegerField(null=True)
    loss = DoubleField(null=True)
    message = TextField()
    error_message = TextField(null=True)
    created_at = BigIntegerField()
    dispatched_at = BigIntegerField(null=True)
    started_at = BigIntegerField(null=True)
    completed_at = BigIntegerField(null=True)
    #: Increases with each change that users see; see `storage.ledger.sequence`.
    seq = BigIntegerField()
    #: The notice that this attempt takes much longer than usual; null without one.
    overdue_event_id = IntegerField(null=True)

    class Meta:
        table_name = "jobs"


class ChainStatus(Table):
    """The status of a chain of a machine; see `storage.ledger.chain_status`."""

    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    chain = CharField(max_length=60)
    status = CharField(max_length=10)
    stage = CharField(max_length=60)
    #: The job that the status comes from.
    job_id = IntegerField()
    #: The event that the run began with.
    event_id = IntegerField(null=True)

    class Meta:
        table_name = "chain_status"
        primary_key = CompositeKey("machine", "chain")


class Artifact(Table):
    """A file that a completed job made; its bytes are stored under `staged_key`."""

    id = AutoField()
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    job = ForeignKeyField(Job, on_delete="CASCADE", lazy_load=False)
    key = CharField(max_length=400)
    staged_key = CharField(max_length=500)
    sha256 = CharField(max_length=64)
    size = BigIntegerField()
    verdict = CharField(max_length=10, null=True)
    published_at = BigIntegerField(null=True)
    created_at = BigIntegerField()

    class Meta:
        table_name = "artifacts"


class Answer(Table):
    """The answer to a request with an `Idempotency-Key`; a repeated request gets it again."""

    key = CharField(max_length=255, primary_key=True)
    endpoint = CharField(max_length=300)
    request_sha256 = CharField(max_length=64)
    status = IntegerField()
    location = CharField(max_length=300, null=True)
    body = TextField()
    created_at = BigIntegerField()

    class Meta:
        table_name = "answers"


class Queue(Table):
    """The settings of a queue; a queue without a row is open and has priority 0."""

    name = CharField(max_length=60, primary_key=True)
    paused_at = BigIntegerField(null=True)
    concurrency = IntegerField(null=True)
    priority = IntegerField()
    #: When a setting was changed last, and who did it; null if never since these columns exist.
    changed_at = BigIntegerField(null=True)
    changed_by = CharField(max_length=60, null=True)

    class Meta:
        table_name = "queues"


class Worker(Table):
    """A worker process and its last heartbeat."""

    id = CharField(max_length=100, primary_key=True)
    host = CharField(max_length=200)
    pid = IntegerField()
    queues = CharField(max_length=200)
    started_at = BigIntegerField()
    seen_at = BigIntegerField()
    #: Null while the worker loads its libraries and takes no job.
    ready_at = BigIntegerField(null=True)

    class Meta:
        table_name = "workers"


class ApiToken(Table):
    """A client's token; only the Argon2 hash of its secret is stored. Revoked tokens keep rows."""

    id = CharField(max_length=12, primary_key=True)
    name = CharField(max_length=60)
    scope = CharField(max_length=5)
    secret_hash = CharField(max_length=200)
    created_at = BigIntegerField()
    expires_at = BigIntegerField(null=True)
    revoked_at = BigIntegerField(null=True)
    last_used_at = BigIntegerField(null=True)

    class Meta:
        table_name = "api_tokens"


class Session(Table):
    """A web page's session of a token, or a code for one; only the secret's SHA-256 is stored."""

    secret_sha256 = CharField(max_length=64, primary_key=True)
    token = ForeignKeyField(ApiToken, on_delete="CASCADE", lazy_load=False)
    #: Whether it is a code, which is exchanged for a session once.
    is_code = BooleanField()
    created_at = BigIntegerField()
    used_at = BigIntegerField()

    class Meta:
        table_name = "sessions"


class TrainingJob(Table):
    """A training, for reports; updated in the same transactions as the job `task`."""

    id = AutoField()
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    task = ForeignKeyField(Job, on_delete="CASCADE", unique=True, lazy_load=False)
    status = CharField(max_length=10)
    epochs = IntegerField(null=True)
    progress = IntegerField()
    training_time_seconds = DoubleField(null=True)
    quality_score = DoubleField(null=True)
    model_path = CharField(max_length=400, null=True)
    error_message = TextField(null=True)
    created_at = BigIntegerField()
    started_at = BigIntegerField(null=True)
    completed_at = BigIntegerField(null=True)

    class Meta:
        table_name = "gan_training_jobs"


class ModelVersion(Table):
    """A trained model; `status` is candidate until assessed, then accepted or rejected."""

    id = AutoField()
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    training_job = ForeignKeyField(TrainingJob, on_delete="CASCADE", lazy_load=False)
    version = IntegerField()
    model_path = CharField(max_length=400)
    sha256 = CharField(max_length=64)
    epochs = IntegerField()
    num_features = IntegerField()
    final_loss = DoubleField()
    quality_score = DoubleField(null=True)
    status = CharField(max_length=10)
    created_at = BigIntegerField()

    class Meta:
        table_name = "model_versions"


class Predictor(Table):
    """A version of a machine's predictor; at most one version of a machine is live."""

    id = AutoField()
    machine = ForeignKeyField(Machine, on_delete="CASCADE", lazy_load=False)
    job = ForeignKeyField(Job, on_delete="CASCADE", lazy_load=False)
    version = IntegerField()
    key = CharField(max_length=400)
    sha256 = CharField(max_length=64)
    learnt_from = CharField(max_length=60)
    units = IntegerField()
    #: JSON object: metric by name.
    scores = TextField()
    training_time_seconds = DoubleField()
    no_forecast = TextField(null=True)
    live = BooleanField()
    #: Why it is or is not live; empty if there is nothing to say.
    note = TextField()
    #: What the conditions of units depend on; null in rows of older versions.
    condition_basis = CharField(max_length=64, null=True)
    #: JSON: the prediction of a new unit; null in rows of older versions.
    prior = TextField(null=True)
    created_at = BigIntegerField()

    class Meta:
        table_name = "predictors"
