"""Files that browsers keep: compressed once, in memory, and with a hash in their address."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fastapi import Request, Response

#: Of a file whose address changes with its content.
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}

#: Content types by suffix. Those of the operating system differ from host to host.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_OTHER_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class KeptFile:
    """A file.

    Attributes:
        name: Its suffix says which type it has.
    """

    name: str
    content: bytes

    @cached_property
    def compressed(self) -> bytes:
        """The content by gzip; made when it is first asked for."""
        return gzip.compress(self.content, 9, mtime=0)

    @cached_property
    def etag(self) -> str:
        """The hash of the content; weak, because the compressed file has the same one."""
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:16]}"'

    def sent(self, request: Request, headers: Mapping[str, str]) -> Response:
        """The answer to a request; 304 to a browser that has the file."""
        headers = {**headers, "ETag": self.etag, "Vary": "Accept-Encoding"}
        media_type = _TYPES.get(Path(self.name).suffix, _OTHER_TYPE)
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(None, 304, headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(self.compressed, 200, headers, media_type)
        return Response(self.content, 200, headers, media_type)


def digest(contents: Mapping[str, bytes]) -> str:
    """The hash of several files and their names, for their addresses."""
    whole = hashlib.sha256()
    for name, content in contents.items():
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()[:16]
