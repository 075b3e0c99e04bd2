"""Markdown that contains text from users: none of that text may act as markup.

A block (heading, list, HTML) begins only at the start of a line, and front matter ends at a line
with nothing else on it. So user text is kept on one line, in a table cell or after other words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

#: Characters that begin or end code, emphasis, links, mathematics or a cell within a line. An
#: underscore between letters does nothing, and names such as `rul_hours` stay readable.
_INLINE = re.compile(r"([\\`*~\[\]$|]|(?<![^\W_])_|_(?![^\W_]))")


def plain(text: str) -> str:
    """A text as one line, without unprintable characters.

    Those include the characters that change the writing direction.
    """
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def escaped(text: str) -> Markup:
    """A text as one line that Markdown shows literally."""
    return Markup(_INLINE.sub(r"\\\1", html.escape(plain(text), quote=False)))


def code(text: str) -> Markup:
    """A name or a checksum as code; as literal text if it could end the code or a table cell."""
    line = plain(text)
    return escaped(line) if set(line) & set("`|") else Markup(f"`{line}`")


def front_matter(facts: Mapping[str, Any]) -> Markup:
    """YAML front matter with the given keys and values."""
    import yaml

    return Markup(f"---\n{yaml.safe_dump(dict(facts), sort_keys=False, allow_unicode=True)}---\n")


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
