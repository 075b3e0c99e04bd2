"""Request bodies: profiles in JSON or YAML, by content type; everything else in JSON.

Routes read bodies as dependencies, because those run after the token check. FastAPI itself would
read a body before it.
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

#: The file suffix that a body of each type is parsed as.
_SUFFIXES = {
    "application/json": ".json",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
}

Body = TypeVar("Body", bound=BaseModel)

#: OpenAPI: a profile as the content of a body or an answer.
PROFILE_SCHEMA = {"schema": {"$ref": "#/components/schemas/MachineProfile"}}


@dataclass(frozen=True)
class ProfileText:
    """A profile that is not yet parsed."""

    data: bytes
    suffix: str

    def read(self) -> MachineProfile:
        """Parse the profile.

        Raises:
            InvalidProfile: With all problems at once.
        """
        return parse_profile(self.data, "profile", self.suffix)


async def _profile_text(request: Request) -> ProfileText:
    media_type = media_type_of(request)
    if media_type not in _SUFFIXES:
        known = ", ".join(_SUFFIXES)
        raise HTTPException(415, f"send the profile as {known}, and write the type in Content-Type")
    return ProfileText(await request.body(), _SUFFIXES[media_type])


#: A parameter of routes that take a profile.
SentProfile = Annotated[ProfileText, Depends(_profile_text)]


def profile_body() -> dict[str, Any]:
    """OpenAPI of a profile body; FastAPI does not see what the dependency reads."""
    yaml = PROFILE_SCHEMA | {"example": template_text("pump")}
    content: dict[str, Any] = dict.fromkeys(_SUFFIXES, yaml)
    content["application/json"] = PROFILE_SCHEMA | {"example": examples.PROFILE}
    return {"requestBody": {"required": True, "content": content}}


def json_of(model: type[Body]) -> Callable[[Request], Awaitable[Body | None]]:
    """A dependency that reads an optional JSON body.

    Args:
        model: Type of the body.
    """

    async def read(request: Request) -> Body | None:
        data = await request.body()
        if not data:
            return None
        if media_type_of(request) != "application/json":
            advice = "send JSON and write Content-Type: application/json, or send no body"
            raise HTTPException(415, advice)
        try:
            return model.model_validate_json(data)
        except ValidationError as error:
            found = error.errors(include_url=False)
            raise RequestValidationError(
                [detail | {"loc": ("body", *detail["loc"])} for detail in found]
            ) from None

    return read


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """OpenAPI of such a body."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


def media_type_of(request: Request) -> str:
    """The content type of a body, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
