"""The base of the quality report's parts, with the key names of version 0.1 as aliases.

Keys that were renamed after 0.1 are written under both names for one version, so that programs
that read reports have time to change. Reports of 0.1, which have the old names only, can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)


class ReportPart(BaseModel):
    """A part of the report; it cannot be changed and refuses unknown keys.

    Computed fields are written, for other programs, and ignored when a report is read.

    Attributes:
        renamed: Old key by new key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    renamed: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _take_old_keys(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        derived = cls.model_computed_fields
        parts = {key: part for key, part in given.items() if key not in derived}
        for new, old in cls.renamed.items():
            if old in parts:
                parts.setdefault(new, parts[old])
                del parts[old]
        return parts

    @model_serializer(mode="wrap")
    def _with_old_keys(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = serialize(self)
        return written | {old: written[new] for new, old in self.renamed.items()}
