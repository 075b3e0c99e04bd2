"""Templates of profiles, their schema, and the check of a profile."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from GAN.profiles import loading
from storage.queries import machines
from tests.integration.serving import Http

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


def test_templates_are_listed_shown_and_downloaded(http: Http) -> None:
    templates = http.get("/api/gan/templates").json()
    assert len(templates) == 12
    for template in templates:
        shown = http.get(template["href"]).json()
        for file_format in ("yaml", "json"):
            answer = http.get(template["download_href"], params={"format": file_format})
            kind = f"application/{file_format}"
            assert answer.headers["content-type"] == kind
            name = f'attachment; filename="{template["machine_type"]}.{file_format}"'
            assert answer.headers["content-disposition"] == name
            checked = http.post(
                "/api/gan/profiles/validate",
                content=answer.content,
                headers={"Content-Type": kind},
            )
            assert checked.json() == {"valid": True, "problems": []}
        assert shown["machine_id"].startswith(template["machine_type"])


def test_the_schema_of_profiles_is_the_published_one_and_fits_every_template(http: Http) -> None:
    schema = http.get("/api/gan/profiles/schema").json()
    published = Path(loading.__file__).parents[1] / "profile.schema.json"
    assert schema == json.loads(published.read_text())
    for template in http.get("/api/gan/templates").json():
        jsonschema.validate(
            http.get(template["href"]).json(), schema, jsonschema.Draft202012Validator
        )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"machine_id": "X"}, schema, jsonschema.Draft202012Validator)


def test_a_check_lists_every_problem_with_its_place_and_what_to_write(http: Http) -> None:
    answer = http.post("/api/gan/profiles/validate", json={"machine_id": "X", "sensors": []})
    assert answer.status_code == 200
    assert not answer.json()["valid"]
    problems = {problem["path"]: problem for problem in answer.json()["problems"]}
    assert {"machine_id", "sensors", "failure_modes", "machine_type"} <= problems.keys()
    assert problems["machine_type"]["advice"] == "add machine_type"
    assert machines.machines() == []
