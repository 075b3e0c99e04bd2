"""Pagination by cursors: opaque text that says where the last page ended."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from errors import InvalidInput, Problem

MOST_ITEMS = 200


class Paging(BaseModel):
    """Query parameters of every list; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(
        default=50,
        ge=1,
        le=MOST_ITEMS,
        description="Maximum number of items per page.",
        examples=[50],
    )
    cursor: str | None = Field(
        default=None,
        max_length=400,
        description="`next_cursor` of the previous page; keep the other parameters the same.",
        examples=["WyJpZCIsMTdd"],
    )


def cursor(order: str, *position: Any) -> str:
    """A cursor.

    Args:
        order: Order of the list; the cursor is refused in a list with another order.
        position: Sort key of the page's last item.
    """
    text = json.dumps([order, *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position(cursor: str | None, order: str, shape: Any) -> Any:
    """The position in a cursor; None without a cursor.

    Args:
        cursor: As the client sent it.
        order: Order of the list.
        shape: Tuple type of the position.

    Raises:
        InvalidInput: It is not a cursor of this list.
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
    advice = "send next_cursor of a page with the same order, or omit it to start at the beginning"
    raise InvalidInput("request", [Problem("query.cursor", "not a cursor of this list", advice)])


def refuse_paging(query: Paging) -> None:
    """Refuse parameters of pages in a request for a whole table.

    Raises:
        InvalidInput: There are some.
    """
    given = query.model_fields_set & Paging.model_fields.keys()
    if given:
        advice = "leave it out, or choose the rows by since and until"
        what = "CSV and Parquet have no pages"
        raise InvalidInput("request", [Problem(f"query.{one}", what, advice) for one in given])


#: Bounds of positions: clients can forge cursors, and databases reject larger numbers.
LedgerId = Annotated[int, Field(ge=0, lt=2**31)]
LedgerTime = Annotated[int, Field(ge=0, lt=2**53)]
