"""The templates of the report page and of the cards, rendered with Jinja2.

Autoescape is on for both. Values in a page are escaped for HTML, those in a card for Markdown too:
`finalize` sees every value before it is written.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from GAN.reporting import sentences
from GAN.reporting.cards import markdown


def page(name: str, /, **facts: Any) -> str:
    """A page from a template.

    Args:
        name: File in the folder `templates`.
        facts: What the template names.
    """
    return _pages().get_template(name).render(**facts)


def card(name: str, /, **facts: Any) -> str:
    """A Markdown file from a template; the arguments are those of `page`."""
    return _cards().get_template(name).render(**facts)


def style(name: str) -> str:
    """A style sheet in the folder `templates`."""
    return _pages().get_template(name).render()


@cache
def _pages() -> Environment:
    environment = _environment()
    environment.filters |= {
        "metric": sentences.metric,
        "signed": sentences.signed,
        "value": sentences.value,
        "words": sentences.words,
    }
    return environment


@cache
def _cards() -> Environment:
    environment = _environment(finalize=_in_markdown)
    environment.filters |= {"code": markdown.code}
    return environment


def _environment(**options: Any) -> Environment:
    return Environment(
        loader=PackageLoader("GAN.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )


def _in_markdown(value: Any) -> Markup:
    return value if isinstance(value, Markup) else markdown.escaped(str(value))
