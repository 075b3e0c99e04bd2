"""Clients of Redis in one process."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from actors.broker.client import BROKER_DB, PROGRESS_DB, Broker, connect
from storage.settings import Settings

SETTINGS = Settings(home=Path("var"), redis_url=SecretStr("redis://127.0.0.1:1/7"))


def test_all_clients_of_a_database_share_one_pool() -> None:
    pool = connect(SETTINGS, BROKER_DB).connection_pool
    assert connect(SETTINGS, BROKER_DB).connection_pool is pool
    assert Broker(SETTINGS).redis.connection_pool is pool


def test_each_database_has_its_own_pool_whatever_database_the_address_names() -> None:
    broker, progress = connect(SETTINGS, BROKER_DB), connect(SETTINGS, PROGRESS_DB)
    assert broker.connection_pool is not progress.connection_pool
    assert broker.connection_pool.connection_kwargs["db"] == BROKER_DB
    assert progress.connection_pool.connection_kwargs["db"] == PROGRESS_DB
