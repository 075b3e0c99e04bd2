"""The service against its own description: whatever is sent, it answers as it is documented."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pandas as pd
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr
from schemathesis import Case
from schemathesis.checks import CHECKS
from schemathesis.schemas import BaseSchema

from actors.broker.valkey import EmbeddedValkey
from api.responses import examples
from events.vocabulary import MachineOnboarded, ModelTrained, SeedReady, SyntheticDataReady
from GAN.layout import SPLITS, model_key, page_key, report_key, seed_key, split_key
from GAN.profiles.catalogue import template_profile
from storage.clients import tokens
from storage.database import database, open_database
from storage.queries import jobs
from storage.schema import upgrade
from storage.settings import Settings
from tests.integration.api.documentation.document import DOCUMENT
from tests.integration.serving import Http, as_json, serving
from tests.postgres import Postgres

MACHINE = "pump_example_001"

#: A profile has so many fields that systematic variations of each take a minute a route. The unit
#: tests of profiles see to them; here the routes get random ones.
TAKES_A_PROFILE = ("POST /api/gan/machines", "POST /api/gan/profiles/validate")
CONFIG = schemathesis.Config.from_dict(
    {
        "operations": [
            {"include-name": name, "phases": {"coverage": {"enabled": False}}}
            for name in TAKES_A_PROFILE
        ]
    }
)


def _without_security(operation: dict[str, Any]) -> dict[str, Any]:
    """For clients with a token: each request here is sent with one."""
    return {name: value for name, value in operation.items() if name != "security"}


#: The cases of a route are made when its test runs. Making all of them takes seconds, and every
#: process of a test run collects all tests.
A_ROUTE = schemathesis.pytest.from_fixture("route")

SESSION = "/api/session"
CHECKS_PROFILES = "/api/gan/profiles/validate"


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, valkey: EmbeddedValkey
) -> Iterator[Http]:
    """The service on PostgreSQL, which refuses more than SQLite does: NUL, large numbers."""
    home, url = tmp_path_factory.mktemp("schema"), SecretStr(postgres.url)
    postgres.drop_all()
    settings = Settings(home=home, database_url=url, redis_url=SecretStr(valkey.url))
    open_database(settings)
    upgrade()
    # After a token was made, requests without one are refused, as the document says.
    token = tokens.create("schema", "admin").written
    with serving(settings) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        yield client
    database.close()


@pytest.fixture
def furnished(served: Http) -> Http:
    """The machine of the examples is there with all that a machine can have."""
    if served.get(f"/api/gan/machines/{MACHINE}").status_code == 404:
        profile = template_profile("pump").model_copy(update={"machine_id": MACHINE})
        assert served.post("/api/gan/machines", **as_json(profile)).status_code == 201
        table = io.BytesIO()
        pd.DataFrame({"rul": [1.5, 0.5]}).to_parquet(table)
        model = model_key(MACHINE, 50)
        trained = {"final_loss": -1.0, "training_time_seconds": 1.0, "num_features": 4}
        for event, files in (
            (SeedReady(machine_id=MACHINE), {seed_key(MACHINE): b"seed"}),
            (ModelTrained(machine_id=MACHINE, model_key=model, **trained), {model: b"model"}),
            (
                SyntheticDataReady(machine_id=MACHINE),
                {split_key(MACHINE, split): table.getvalue() for split in SPLITS},
            ),
            (
                MachineOnboarded(machine_id=MACHINE, quality_score=0.9, model_key=model),
                {
                    report_key(MACHINE): json.dumps(examples.REPORT).encode(),
                    page_key(MACHINE): b"<!DOCTYPE html>",
                },
            ),
        ):
            served.finish(jobs.jobs(machine_id=MACHINE)[0].id, event, files)
    return served


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """One connection for all requests."""
    with requests.Session() as session:
        yield session


@pytest.fixture(scope="module")
def stranger(served: Http) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(base_url=served.base_url, timeout=30, verify=False) as client:
        yield client


@pytest.fixture(params=DOCUMENT["paths"])
def route(request: pytest.FixtureRequest) -> BaseSchema:
    """The description of one address."""
    request.node._nodeid = request.node.nodeid  # Schemathesis reads it; pytest 9.2 dropped it.
    operations = {
        method: _without_security(operation)
        for method, operation in DOCUMENT["paths"][request.param].items()
    }
    document = DOCUMENT | {"paths": {request.param: operations}}
    return schemathesis.openapi.from_dict(document, config=CONFIG)


@A_ROUTE.parametrize()
@hypothesis_settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_a_documented_one(
    case: Case, furnished: Http, session: requests.Session
) -> None:
    # What a profile has to be is more than a schema can say: a wrong one is 422, as it should be.
    excluded = ["positive_data_acceptance"]
    if case.operation.path == CHECKS_PROFILES:  # It accepts bad ones, and says what is wrong.
        excluded.append("negative_data_rejection")
    case.call_and_validate(
        base_url=str(furnished.base_url),
        session=session,
        headers={"Authorization": furnished.headers["Authorization"]},
        excluded_checks=[CHECKS.get_one(name) for name in excluded],
        timeout=60,
    )


def test_every_route_but_the_states_asks_for_a_token(stranger: httpx.Client) -> None:
    asked = 0
    for path, operations in DOCUMENT["paths"].items():
        for method in operations:
            place = path.replace("{", "").replace("}", "")
            refused = stranger.request(method, place)
            if path == SESSION:  # Who logs in has no token yet; and has few tries a minute.
                expected = {"get": (401,), "post": (422, 429), "delete": (204,)}
                assert refused.status_code in expected[method]
            elif path in ("/health", "/livez", "/readyz"):
                assert refused.status_code in (200, 503)
            else:
                assert refused.status_code == 401, (method, path)
                asked += 1
    assert asked > 15


@pytest.mark.parametrize("scope", ["read", "write"])
def test_no_route_does_more_for_a_token_than_its_scope_says(
    stranger: httpx.Client, scope: str
) -> None:
    written = tokens.create(f"{scope}-{uuid.uuid4().hex}", scope).written
    refused = set()
    for path, operations in DOCUMENT["paths"].items():
        for method in operations:
            answer = stranger.request(
                method,
                path.replace("{", "").replace("}", ""),
                headers={"Authorization": f"Bearer {written}"},
            )
            assert answer.status_code != 401, (method, path)
            if answer.status_code == 403:
                refused.add((method, path))
    changes = {
        (method, path)
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
        if method != "get" and path not in (CHECKS_PROFILES, SESSION)
    }
    assert len(changes) == 23
    for_admins = {one for one in changes if one[0] == "delete"}
    for_admins |= {("get", "/api/gan/webhooks"), ("post", "/api/gan/webhooks")}
    for_admins |= {("post", "/api/gan/webhooks/{webhook_id}/test")}
    assert refused == for_admins | (changes if scope == "read" else set())
