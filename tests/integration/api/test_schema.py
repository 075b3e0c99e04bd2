"""The service against its own description: whatever is sent, it answers as it is documented."""

from __future__ import annotations

import copy
import io
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pandas as pd
import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr
from schemathesis import Case
from schemathesis.checks import CHECKS

from actors.broker.valkey import EmbeddedValkey
from api.app import create_app
from api.middleware.security_headers import DOCS_CSP
from api.responses import alerting, examples, unit_examples
from api.routes import reports
from events.vocabulary import MachineOnboarded, ModelTrained, SeedReady, SyntheticDataReady
from GAN.layout import SPLITS, model_key, page_key, report_key, seed_key, split_key
from GAN.profiles.catalogue import template_profile
from storage.clients import tokens
from storage.database import database, open_database, upgrade
from storage.queries import jobs
from storage.settings import Settings
from tests.integration.serving import Http, as_json, serving

MACHINE = "pump_example_001"
EXAMPLES = examples.OF_MODELS | unit_examples.OF_MODELS | alerting.OF_MODELS

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
DOCUMENT = create_app(Settings(home=Path("unused"))).openapi()


def _without_security(document: dict[str, Any]) -> dict[str, Any]:
    """The document for clients with a token: each request here is sent with one."""
    open_ = copy.deepcopy(document)
    for operations in open_["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return open_


SCHEMA = schemathesis.openapi.from_dict(_without_security(DOCUMENT), config=CONFIG)

#: What a profile has to be is more than a schema can say, and a wrong one is 422 as it should be.
MORE_THAN_A_SCHEMA_SAYS = CHECKS.get_one("positive_data_acceptance")
#: The check of a profile accepts bad ones: the answer says what is wrong with it.
CHECKS_PROFILES, REFUSES_BAD_DATA = (
    "/api/gan/profiles/validate",
    CHECKS.get_one("negative_data_rejection"),
)


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, valkey: EmbeddedValkey
) -> Iterator[Http]:
    """The service on PostgreSQL, which refuses more than SQLite does: NUL, large numbers."""
    home, url = tmp_path_factory.mktemp("schema"), SecretStr(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
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


@SCHEMA.parametrize()
@hypothesis_settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_a_documented_one(case: Case, furnished: Http) -> None:
    excluded = [MORE_THAN_A_SCHEMA_SAYS]
    if case.operation.path == CHECKS_PROFILES:
        excluded.append(REFUSES_BAD_DATA)
    case.call_and_validate(
        base_url=str(furnished.base_url),
        headers={"Authorization": furnished.headers["Authorization"]},
        excluded_checks=excluded,
    )


def test_every_route_but_the_states_asks_for_a_token(served: Http) -> None:
    asked = 0
    for path, operations in DOCUMENT["paths"].items():
        for method in operations:
            place = path.replace("{", "").replace("}", "")
            refused = httpx.request(method, f"{served.base_url}{place}")
            if path in ("/health", "/livez", "/readyz"):
                assert refused.status_code in (200, 503)
            else:
                assert refused.status_code == 401, (method, path)
                asked += 1
    assert asked > 15


@pytest.mark.parametrize("scope", ["read", "write"])
def test_no_route_does_more_for_a_token_than_its_scope_says(served: Http, scope: str) -> None:
    written = tokens.create(f"{scope}-{uuid.uuid4().hex}", scope).written
    refused = set()
    for path, operations in DOCUMENT["paths"].items():
        for method in operations:
            answer = httpx.request(
                method,
                f"{served.base_url}{path.replace('{', '').replace('}', '')}",
                headers={"Authorization": f"Bearer {written}"},
            )
            assert answer.status_code != 401, (method, path)
            if answer.status_code == 403:
                refused.add((method, path))
    changes = {
        (method, path)
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
        if method != "get" and path != CHECKS_PROFILES
    }
    assert len(changes) == 18
    for_admins = {one for one in changes if one[0] == "delete"}
    for_admins |= {("get", "/api/gan/webhooks"), ("post", "/api/gan/webhooks")}
    assert refused == for_admins | (changes if scope == "read" else set())


def test_every_route_has_a_summary_a_description_and_an_answer(served: Http) -> None:
    for path, operations in served.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            place = f"{method} {path}"
            assert operation["summary"], place
            assert len(operation["description"]) > 30, place
            assert any(status.startswith("2") for status in operation["responses"]), place
            assert "500" in operation["responses"], place
            if path not in ("/health", "/livez", "/readyz"):  # The others look for tokens.
                assert {"401", "503"} <= operation["responses"].keys(), place
            if "{" in path:
                assert "404" in operation["responses"], place
            if method == "post":
                names = [parameter["name"] for parameter in operation["parameters"]]
                assert "idempotency-key" in names, place
                assert {"415", "422"} <= operation["responses"].keys(), place


def test_every_refusal_is_a_problem_document_and_the_framework_describes_none() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status[0] in "45" and (path, status) != ("/health", "503"):
                    schema = {"$ref": "#/components/schemas/ProblemDocument"}
                    expected = {"application/problem+json": {"schema": schema}}
                    assert answer["content"] == expected, (method, path, status)
    written = json.dumps(DOCUMENT)
    unused = [
        name
        for name in DOCUMENT["components"]["schemas"]
        if f'"#/components/schemas/{name}"' not in written
    ]
    assert unused == []


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema, or the one that it refers to."""
    found: dict[str, Any] = schema
    if "$ref" in schema:
        found = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def examples_of(described: dict[str, Any]) -> list[Any]:
    """The examples of a parameter, a body or an answer, or of what it is or holds."""
    schema = resolved(described.get("schema", {}))
    own = [described["example"]] if "example" in described else []
    return own + schema.get("examples", []) + resolved(schema.get("items", {})).get("examples", [])


def test_every_parameter_body_and_answer_has_an_example() -> None:
    parameters = contents = 0
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            place = f"{method} {path}"
            for parameter in operation.get("parameters", []):
                assert examples_of(parameter), (place, parameter["name"])
                parameters += 1
            answers = [operation.get("requestBody", {})]
            answers += [
                answer for status, answer in operation["responses"].items() if status[0] == "2"
            ]
            for answer in answers:
                for media_type, content in answer.get("content", {}).items():
                    if content["schema"].get("format") != "binary":
                        assert examples_of(content), (place, media_type)
                        contents += 1
    assert parameters > 30
    assert contents > 25


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_what_their_schema_says(name: str) -> None:
    whole = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    jsonschema.validate(EXAMPLES[name], whole, jsonschema.Draft202012Validator)


def test_the_report_is_described_as_it_is_written() -> None:
    from GAN.evaluation import assessment

    for described, written in (
        (reports.QualityReport, assessment.QualityReport),
        (reports.Gate, assessment.Gate),
    ):
        assert described.model_fields.keys() <= written.model_fields.keys()


def loaded_by(page: httpx.Response) -> list[str]:
    """Addresses of the files that the documentation page loads."""
    found: list[str] = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    return found


def test_the_documentation_is_served_whole_without_the_internet(served: Http) -> None:
    page = served.get("/docs")
    assert page.headers["Content-Security-Policy"] == DOCS_CSP
    assert "http" not in DOCS_CSP
    assert "http" not in page.text
    loaded = loaded_by(page)
    assert all(each.startswith("/docs/") for each in loaded)
    kinds = {served.get(each).headers["content-type"].partition(";")[0] for each in loaded}
    script = {"application/javascript", "text/javascript"}
    assert kinds - script == {"text/css", "image/png"}
    assert kinds & script
    assert served.get("/redoc").status_code == 404


def test_the_files_of_the_documentation_are_compressed_and_kept_by_browsers(served: Http) -> None:
    sent = 0
    for address in loaded_by(served.get("/docs")):
        with served.stream("GET", address) as answer:
            sent += sum(map(len, answer.iter_raw()))
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        known = {"If-None-Match": answer.headers["etag"]}
        again = served.get(address, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        whole = served.get(address, headers={"Accept-Encoding": "identity"})
        assert served.get(address).content == whole.content
        assert served.head(address).status_code == 200
    assert sent < 600_000  # Of 1.7 MB.


@pytest.mark.parametrize("name", ["nothing.js", "..%2fcore.py", ""])
def test_nothing_else_is_served_as_documentation(served: Http, name: str) -> None:
    script = next(each for each in loaded_by(served.get("/docs")) if each.endswith(".js"))
    answer = served.get(script.rpartition("/")[0] + f"/{name}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no such route; see /docs"


def test_the_files_of_the_documentation_can_only_be_read(served: Http) -> None:
    script = next(each for each in loaded_by(served.get("/docs")) if each.endswith(".js"))
    answer = served.post(script)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json()["detail"] == "POST is not allowed here; use GET, HEAD"
