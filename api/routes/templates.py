"""Profiles to start from, one for each machine category."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from api.dependencies.bodies import PROFILE_SCHEMA
from api.responses import examples
from api.responses.problems import documented
from GAN.profiles.catalogue import new_profile, template_names, template_profile, template_text
from GAN.profiles.profile import MachineProfile

router = APIRouter(prefix="/api/gan/templates", tags=["templates"])

Category = Annotated[str, Path(description="One of the list.", examples=["pump"])]

_MEDIA_TYPES = {"yaml": "application/yaml", "json": "application/json"}


class Template(BaseModel):
    """A template and its addresses."""

    machine_type: str = Field(examples=["pump"])
    href: str = Field(examples=["/api/gan/templates/pump"])
    download_href: str = Field(examples=["/api/gan/templates/pump/download"])


@router.get("", summary="All templates")
def list_templates() -> list[Template]:
    """The categories that have a template."""
    return [
        Template(
            machine_type=name,
            href=f"{router.prefix}/{name}",
            download_href=f"{router.prefix}/{name}/download",
        )
        for name in template_names()
    ]


@router.get(
    "/{machine_type}",
    summary="One template",
    responses=documented(404)
    | {200: {"content": {"application/json": {"example": examples.PROFILE}}}},
)
def show(machine_type: Category) -> MachineProfile:
    """A template as a profile; edit it, then POST it to /api/gan/machines."""
    return template_profile(machine_type)


@router.get(
    "/{machine_type}/download",
    summary="A template as a file",
    response_class=Response,
    responses=documented(404, 422)
    | {
        200: {
            "description": "YAML with comments, or JSON.",
            "content": {
                "application/yaml": PROFILE_SCHEMA | {"example": template_text("pump")},
                "application/json": PROFILE_SCHEMA | {"example": examples.PROFILE},
            },
        }
    },
)
def download(
    machine_type: Category,
    file_format: Annotated[
        Literal["yaml", "json"], Query(alias="format", examples=["yaml"])
    ] = "yaml",
) -> Response:
    """A template as a file to edit; the YAML includes comments."""
    text = new_profile(machine_type, f".{file_format}")
    name = f"{machine_type}.{file_format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, headers=headers, media_type=_MEDIA_TYPES[file_format])
