"""Markdown with other people's text in it: nothing of that text may act as markup.

A block (heading, list, HTML) begins at the start of a line only, and front matter ends at a line
of its own, so other people's text is kept on one line and within a cell or after words of ours.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: What begins or ends code, emphasis, links, mathematics or a cell within a line.
_INLINE = re.compile(r"([\\`*_~\[\]$|])")


def plain(text: str) -> str:
    """A text as one line, without characters that do not print.

    Among those are the ones that turn the direction of what follows.
    """
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def escaped(text: str) -> str:
    """A text as one line that Markdown shows as it is."""
    return _INLINE.sub(r"\\\1", html.escape(plain(text), quote=False))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(items: Iterable[str]) -> str:
    """A list; the items are Markdown."""
    return "\n".join(f"- {item}" for item in items)


def front_matter(facts: Mapping[str, Any]) -> str:
    """YAML front matter; what it holds is data of any sort."""
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
