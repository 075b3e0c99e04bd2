"""Markdown that contains text from users: none of that text may act as markup.

A block (heading, list, HTML) begins only at the start of a line, and front matter ends at a line
with nothing else on it. So user text is kept on one line, in a table cell or after other words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: Characters that begin or end code, emphasis, links, mathematics or a cell within a line.
_INLINE = re.compile(r"([\\`*_~\[\]$|])")


def plain(text: str) -> str:
    """A text as one line, without unprintable characters.

    Those include the characters that change the writing direction.
    """
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def escaped(text: str) -> str:
    """A text as one line that Markdown shows literally."""
    return _INLINE.sub(r"\\\1", html.escape(plain(text), quote=False))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(items: Iterable[str]) -> str:
    """A list; the items are Markdown."""
    return "\n".join(f"- {item}" for item in items)


def front_matter(facts: Mapping[str, Any]) -> str:
    """YAML front matter with the given keys and values."""
    import yaml

    return f"---\n{yaml.safe_dump(dict(facts), sort_keys=False, allow_unicode=True)}---\n"


def read_front_matter(text: str) -> dict[str, Any]:
    """The front matter of a card; empty if there is none or it is not valid YAML."""
    import yaml

    parts = re.split(r"^---\n", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) < 3 or parts[0]:
        return {}
    try:
        facts = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return {}
    return facts if isinstance(facts, dict) else {}
