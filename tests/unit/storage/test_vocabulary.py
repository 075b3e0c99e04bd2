"""The ledger knows no event and no stage by name: what they mean, their classes declare."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import actors
import storage
from actors.stage import STAGES
from events.vocabulary import EVENT_TYPES

assert actors  # declares the stages

FOLDER = Path(storage.__file__).parent
#: Migrations describe the rows of their day; names of the stages' queues and files are no matter.
MODULES = [path for path in FOLDER.rglob("*.py") if path.parent.name != "migrations"]


def texts(path: Path) -> Iterator[str]:
    """Every string of a module but its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in docstrings:
            yield text


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_string_of_the_ledger_is_the_name_of_an_event_or_a_stage(path: Path) -> None:
    names = re.compile(rf"\b({'|'.join([*EVENT_TYPES, *STAGES])})\b")
    found = [match for text in texts(path) for match in names.findall(text)]
    assert found == []
