"""The pages of the dashboard: one document for every page address, and the files that it loads.

They hold no data, so they need no token: what a page shows, it asks the API for. All files are read
once, at the start. An address has the hash of all files in it, so browsers keep them
for a year, and an upgrade changes the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from api.kept_files import KEPT, KeptFile, digest
from api.middleware.security_headers import SHELL_CSP

#: The folder with the files.
WEB = Path(__file__).parents[1] / "web"

#: The document, and the text in it that is replaced by the address of the other files.
SHELL, PLACEHOLDER = "shell.html", b"{{static}}"

#: The files in the folder `style/` are served as one as well: a page loads that.
STYLES, STYLE = "style/", "style.css"

HOME = "/fleet"

#: The addresses of the pages; scripts in the browser read the parts of an address.
ADDRESSES = (
    HOME,
    "/machines/{machine_id}",
    "/machines/{machine_id}/units/{unit}",
    "/machines/{machine_id}/compare",
    "/machines/{machine_id}/files",
    "/machines/{machine_id}/chain",
    "/alerts",
    "/plan",
    "/tasks",
    "/tasks/{task_id}",
    "/events",
    "/onboard",
    "/login",
)

_METHODS = ["GET", "HEAD"]


def add_pages(app: FastAPI, folder: Path = WEB) -> None:
    """Serve the pages.

    Args:
        app: The service.
        folder: The document and the files that it loads.
    """
    contents = _contents(folder)
    prefix = f"/static/{digest(contents)}"
    files = {name: KeptFile(name, content) for name, content in contents.items() if name != SHELL}
    document = KeptFile(SHELL, contents[SHELL].replace(PLACEHOLDER, prefix.encode()))

    async def home(request: Request) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            raise HTTPException(404)
        return RedirectResponse(HOME, 307, {"Vary": "Accept"})

    async def shell(request: Request) -> Response:
        headers = {"Content-Security-Policy": SHELL_CSP, "Cache-Control": "no-cache"}
        return document.sent(request, headers)

    async def static(request: Request, name: str) -> Response:
        if name not in files:
            raise HTTPException(404)
        return files[name].sent(request, KEPT)

    app.add_api_route("/", home, methods=_METHODS, include_in_schema=False)
    for address in ADDRESSES:
        app.add_api_route(address, shell, methods=_METHODS, include_in_schema=False)
    app.add_api_route(f"{prefix}/{{name:path}}", static, methods=_METHODS, include_in_schema=False)


def _contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their path in it, and the styles as one; no hidden ones."""
    paths = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    contents = {
        name.as_posix(): paths[name].read_bytes()
        for name in sorted(paths)
        if not any(part.startswith(".") for part in name.parts)
    }
    return contents | {STYLE: _style(contents)}


def _style(contents: Mapping[str, bytes]) -> bytes:
    """All styles as one file: those of its folder first, then those of the folders in it."""
    names = sorted((name for name in contents if name.startswith(STYLES)), key=_depth_and_name)
    return b"\n".join(contents[name] for name in names)


def _depth_and_name(name: str) -> tuple[int, str]:
    return name.count("/"), name
