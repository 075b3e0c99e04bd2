"""Bodies as they are sent: profiles in JSON or YAML, by content type; the rest in JSON.

Routes read them as dependencies: those come after the token's, and FastAPI reads bodies before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from api.responses import examples
from GAN.profiles.catalogue import template_text
from GAN.profiles.loading import parse_profile
from GAN.profiles.profile import MachineProfile

#: How a body of each type is read: as a file that is called so.
_SUFFIXES = {
    "application/json": ".json",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
}

Asked = TypeVar("Asked", bound=BaseModel)

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
    media_type = _media_type(request)
    if media_type not in _SUFFIXES:
        known = ", ".join(_SUFFIXES)
        raise HTTPException(415, f"send a profile as {known}; write it in Content-Type")
    return ProfileText(await request.body(), _SUFFIXES[media_type])


#: A parameter of routes that take a profile.
SentProfile = Annotated[ProfileText, Depends(_profile_text)]


def profile_body() -> dict[str, Any]:
    """What the documentation says of such a body: FastAPI sees only that something reads it."""
    yaml = PROFILE_SCHEMA | {"example": template_text("pump")}
    content: dict[str, Any] = dict.fromkeys(_SUFFIXES, yaml)
    content["application/json"] = PROFILE_SCHEMA | {"example": examples.PROFILE}
    return {"requestBody": {"required": True, "content": content}}


def json_of(model: type[Asked]) -> Callable[[Request], Awaitable[Asked | None]]:
    """A dependency that reads a body which may be left out.

    Args:
        model: What it has to be.
    """

    async def read(request: Request) -> Asked | None:
        data = await request.body()
        if not data:
            return None
        if _media_type(request) != "application/json":
            told = "send JSON and write Content-Type: application/json, or send no body"
            raise HTTPException(415, told)
        try:
            return model.model_validate_json(data)
        except ValidationError as error:
            found = error.errors(include_url=False)
            raise RequestValidationError(
                [detail | {"loc": ("body", *detail["loc"])} for detail in found]
            ) from None

    return read


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """What the documentation says of such a body."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
