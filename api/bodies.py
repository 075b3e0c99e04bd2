"""Profiles as they are sent: JSON or YAML, by content type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from GAN.catalogue import template_profile, template_text
from GAN.profile import MachineProfile
from GAN.profile_files import parse_profile

#: How a body of each type is read: as a file that is called so.
_SUFFIXES = {
    "application/json": ".json",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
}
_EXAMPLE = "pump"

#: What the documentation says of a profile that is sent or received as it is.
PROFILE_SCHEMA = {"schema": {"$ref": "#/components/schemas/MachineProfile"}}


@dataclass(frozen=True)
class ProfileText:
    """A profile that nobody has looked at."""

    data: bytes
    suffix: str

    def read(self) -> MachineProfile:
        """The profile.

        Raises:
            InvalidProfile: With every problem at once.
        """
        return parse_profile(self.data, "profile", self.suffix)


async def _profile_text(request: Request) -> ProfileText:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _SUFFIXES:
        known = ", ".join(_SUFFIXES)
        raise HTTPException(415, f"send a profile as {known}; write it in Content-Type")
    return ProfileText(await request.body(), _SUFFIXES[media_type])


#: A parameter of routes that take a profile.
SentProfile = Annotated[ProfileText, Depends(_profile_text)]


def profile_body() -> dict[str, Any]:
    """What the documentation says of such a body: FastAPI sees only that something reads it."""
    example = template_profile(_EXAMPLE).model_dump(mode="json", exclude_unset=True)
    content: dict[str, Any] = {
        media_type: PROFILE_SCHEMA | {"example": template_text(_EXAMPLE)}
        for media_type in _SUFFIXES
    }
    content["application/json"] = PROFILE_SCHEMA | {"example": example}
    return {"requestBody": {"required": True, "content": content}}
