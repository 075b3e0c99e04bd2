"""Writes the models of the answers, for `make types`: OpenAPI without routes and texts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from api.app import create_app
from storage.settings import Settings

_TEXTS = ("description", "examples", "title")


def without_texts(schema: Any) -> Any:
    """The schema without what types do not need; a property may have the name of a text."""
    if isinstance(schema, list):
        return [without_texts(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: without_texts(value)
        for name, value in schema.items()
        if name not in _TEXTS or isinstance(value, dict)
    }


def main() -> None:
    """Write the document."""
    document = create_app(Settings(home=Path("unused"))).openapi()
    schemas = without_texts(document["components"]["schemas"])
    needed = {"openapi": document["openapi"], "info": document["info"], "paths": {}}
    sys.stdout.write(json.dumps(needed | {"components": {"schemas": schemas}}))


if __name__ == "__main__":
    main()
