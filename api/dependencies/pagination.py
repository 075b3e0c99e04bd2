"""Cursors: where a page ended, in a form that clients hand back and need not understand."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from errors import InvalidInput, Problem

MOST_ITEMS = 200


class Paging(BaseModel):
    """Query parameters of every list; those that are not known are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(
        default=50, ge=1, le=MOST_ITEMS, description="Items of a page at most.", examples=[50]
    )
    cursor: str | None = Field(
        default=None,
        max_length=400,
        description="`next_cursor` of the page before; the other parameters stay the same.",
        examples=["WyJpZCIsMTdd"],
    )


def cursor(order: str, *position: Any) -> str:
    """A cursor.

    Args:
        order: The order of the list: a cursor of another one is refused.
        position: What its last item is ordered by.
    """
    text = json.dumps([order, *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position(cursor: str | None, order: str, shape: Any) -> Any:
    """What a cursor says; None without one.

    Args:
        cursor: As the client gave it.
        order: The order of the list.
        shape: The tuple type that its position has to be.

    Raises:
        InvalidInput: It is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        its_order, *its_position = json.loads(text)
        if its_order == order:
            return TypeAdapter(shape).validate_python(tuple(its_position), strict=True)
    except (binascii.Error, ValueError, TypeError, ValidationError):
        pass
    advice = "write next_cursor of a page with the same order, or leave it out to start anew"
    raise InvalidInput("request", [Problem("query.cursor", "no cursor of this list", advice)])


#: What a cursor may name: anybody can forge one, and the databases do not take everything.
LedgerId = Annotated[int, Field(ge=0, lt=2**31)]
LedgerTime = Annotated[int, Field(ge=0, lt=2**53)]
