"""The OpenAPI document of the service."""

from __future__ import annotations

from pathlib import Path

from api.app import create_app
from storage.settings import Settings

DOCUMENT = create_app(Settings(home=Path("unused"))).openapi()
