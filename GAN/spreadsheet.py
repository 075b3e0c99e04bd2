"""Texts in CSV that spreadsheets show as they are."""

from __future__ import annotations

#: A cell that begins with one of these may be run as a formula (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """The text; with an apostrophe in front if a spreadsheet could run it as a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
