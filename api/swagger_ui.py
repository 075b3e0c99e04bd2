"""Swagger UI at `/docs`: its files come from a wheel, so the page needs no internet."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from api.kept_files import KEPT, KeptFile, digest
from api.middleware.security_headers import DOCS
from api.pages import WEB

#: The wheel that ships Swagger UI. Only these files of it are used.
_PACKAGE, _FOLDER = "fastapi_offline", "static"
_SCRIPT, _STYLE, _ICON = "swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"

#: Our style sheet, which comes after theirs: colours that are easy to read.
_OURS = WEB / "docs.css"

# A page that remembered the token would keep it where every script of this origin can read it.
_PARAMETERS = {"persistAuthorization": False, "displayRequestDuration": True}


def add_swagger_ui(app: FastAPI) -> None:
    """Serve the page and the files that it loads."""
    folder = files(_PACKAGE) / _FOLDER
    contents = {name: (folder / name).read_bytes() for name in (_SCRIPT, _STYLE, _ICON)}
    contents[_STYLE] += b"\n" + _OURS.read_bytes()
    assets = f"{DOCS}/{digest(contents)}"
    kept = {name: KeptFile(name, content) for name, content in contents.items()}

    @app.get(DOCS, include_in_schema=False)
    async def page(request: Request) -> Response:
        prefix = request.scope.get("root_path", "").rstrip("/")
        document = get_swagger_ui_html(
            openapi_url=f"{prefix}{app.openapi_url}",
            title=app.title,
            swagger_js_url=f"{prefix}{assets}/{_SCRIPT}",
            swagger_css_url=f"{prefix}{assets}/{_STYLE}",
            swagger_favicon_url=f"{prefix}{assets}/{_ICON}",
            swagger_ui_parameters=_PARAMETERS,
        )
        # Screen readers ask for the language.
        text = bytes(document.body).replace(b"<html>", b'<html lang="en">', 1)
        return HTMLResponse(text)

    @app.api_route(f"{assets}/{{name:path}}", methods=["GET", "HEAD"], include_in_schema=False)
    async def file(request: Request, name: str) -> Response:
        if name not in kept:
            raise HTTPException(404)
        return kept[name].sent(request, KEPT)
