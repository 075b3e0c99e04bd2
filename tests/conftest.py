"""Real servers for the tests: Valkey, SQLite and PostgreSQL."""

from __future__ import annotations

import gc
import os
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

# As in a worker's stages: two threads of OpenMP spin while they wait for each other, which on busy
# cores makes a small training thirty times slower. It has to be set before torch or scikit-learn
# is imported, so it is here and not where they are used.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # Some tests ask for two.

# Before anything of ours: storage.database leaves psycopg out of processes that need no PostgreSQL.
import psycopg
import pytest
from pydantic import SecretStr

from actors.broker.valkey import EmbeddedValkey
from storage.settings import PREFIX, Settings
from tests.postgres import Postgres, serving_postgres

assert psycopg


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage in what the imports of the tests make; all of it stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests with one id: xdist would run one of them and leave out the others in silence."""
    twins = sorted(name for name, count in Counter(i.nodeid for i in items).items() if count > 1)
    if twins:
        raise pytest.UsageError(f"several tests have one id: {', '.join(twins)}")


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with serving_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[EmbeddedValkey]:
    """A Valkey server of our own."""
    with tempfile.TemporaryDirectory(prefix="ff-") as folder:
        server = EmbeddedValkey(Path(folder))
        server.ensure()
        yield server
        server.stop()


@pytest.fixture
def redis_url(valkey: EmbeddedValkey) -> str:
    """The address of an empty Valkey."""
    import redis

    valkey.ensure()
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """An S3 server with an empty bucket; its address as a setting would have it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    ).create_bucket(Bucket="fleet")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "x")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "x")
        yield f"s3://fleet/prefix?endpoint_override={host}:{port}&scheme=http&region=us-east-1"
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty home; every test that uses them runs on both databases."""
    if request.param == "sqlite":
        return Settings(home=tmp_path)
    postgres: Postgres = request.getfixturevalue("postgres")
    if "ledger" in request.fixturenames:
        postgres.empty_ledger()
    else:
        postgres.drop_all()
    return Settings(home=tmp_path, database_url=SecretStr(postgres.url))
