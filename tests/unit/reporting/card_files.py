"""The files next to the synthetic sets and the model, read with other people's tools."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from GAN import layout

ID = "pump_test_rig_001"
MODEL = layout.model_key(ID, 2)


def split_card(text: str) -> tuple[dict[str, Any], str]:
    """Front matter and Markdown of a card."""
    _, head, body = re.split(r"^---\n", text, maxsplit=2, flags=re.MULTILINE)
    return yaml.safe_load(head), body


def data_card(root: Path) -> str:
    return (root / layout.data_card_key(ID)).read_text()


def model_card(root: Path) -> str:
    return (root / layout.model_card_key(ID, 2)).read_text()


def croissant_file(root: Path) -> Path:
    return root / layout.croissant_key(ID)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def parsed(markdown: str) -> list[Token]:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [token for block in tokens for token in (block, *(block.children or ()))]


def links(markdown: str) -> set[str]:
    return {str(token.attrs["href"]) for token in parsed(markdown) if token.type == "link_open"}


def cells(markdown: str) -> list[str]:
    """The text in each cell of every table, as a reader sees it."""
    return [
        "".join(child.content for child in token.children or ())
        for before, token in pairwise(parsed(markdown))
        if before.type == "td_open"
    ]
