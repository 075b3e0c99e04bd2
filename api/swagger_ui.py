"""Swagger UI at `/docs`: its files come from a wheel, so the page needs no internet."""

from __future__ import annotations

import os
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.middleware.security_headers import DOCS

#: The wheel that ships Swagger UI, and the folder in it. Only the files are used.
_WHEEL, _PACKAGE, _FOLDER = "fastapi-offline", "fastapi_offline", "static"

#: The version in the address lets browsers keep the files: an upgrade changes the address.
ASSETS = f"{DOCS}/{_WHEEL}-{version(_WHEEL)}"

# A page that remembered the token would keep it where every script of this origin can read it.
_PARAMETERS = {"persistAuthorization": False, "displayRequestDuration": True}


class _KeptFiles(StaticFiles):
    """Files that never change under their address."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """A file, with leave to keep it for a year."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def add_swagger_ui(app: FastAPI) -> None:
    """Serve the page and the files that it loads."""

    @app.get(DOCS, include_in_schema=False)
    async def page(request: Request) -> Response:
        prefix = request.scope.get("root_path", "").rstrip("/")
        return get_swagger_ui_html(
            openapi_url=f"{prefix}{app.openapi_url}",
            title=app.title,
            swagger_js_url=f"{prefix}{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{prefix}{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{prefix}{ASSETS}/favicon.png",
            swagger_ui_parameters=_PARAMETERS,
        )

    files = _KeptFiles(packages=[(_PACKAGE, _FOLDER)])
    app.mount(ASSETS, GZipMiddleware(files))
