"""The OpenAPI document: whole, with an example of everything, and true."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from api.responses import alerting, examples, reports, unit_examples
from api.responses import operations as about_operations
from tests.integration.api.documentation.document import DOCUMENT

SESSION = "/api/session"

EXAMPLES = (
    examples.OF_MODELS | unit_examples.OF_MODELS | alerting.OF_MODELS | about_operations.OF_MODELS
)


def test_every_route_has_a_summary_a_description_and_an_answer() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            place = f"{method} {path}"
            assert operation["summary"], place
            assert len(operation["description"]) > 30, place
            assert any(status.startswith("2") for status in operation["responses"]), place
            assert "500" in operation["responses"], place
            if path not in ("/health", "/livez", "/readyz", SESSION):  # The others look for tokens.
                assert {"401", "503"} <= operation["responses"].keys(), place
            if "{" in path:
                assert "404" in operation["responses"], place
            if method == "post" and path != SESSION:
                names = [parameter["name"] for parameter in operation["parameters"]]
                assert "idempotency-key" in names, place
                assert "422" in operation["responses"], place
                assert ("requestBody" in operation) == ("415" in operation["responses"]), place


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
    from GAN.evaluation import assessment, comparison, gates

    written = [
        assessment.QualityReport,
        gates.Gate,
        gates.Reference,
        *(comparison.Comparison, comparison.Histogram, comparison.SensorLives, comparison.Life),
        *(comparison.Correlations, comparison.CorrelationDifference),
    ]
    for part in written:
        described = getattr(reports, part.__name__).model_fields.keys()
        assert described <= part.model_fields.keys() | part.model_computed_fields.keys()
