"""Sending artifacts: whole or in ranges (RFC 9110), verified, in constant memory.

Starlette's `FileResponse` (1.10) is not used, because:

- It does not answer `If-None-Match`.
- It answers 400 to a range unit that it does not know, and ranges to HEAD; RFC 9110, 14.2 says to
  ignore the `Range` header in both cases.
- Its 400 and 416 are plain text that no error handler sees; this service sends problem documents.
- It opens the file after the headers were sent, so a file that `gc` removes in between breaks the
  connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from api.responses.problems import problem
from errors import NotFound
from storage.artifacts import registry
from storage.artifacts.registry import PublishedFile
from storage.artifacts.store import ArtifactStore

_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

#: How many files are remembered as verified.
_VERIFIED_FILES = 256


def published(machine_id: str, key: str, call: str) -> PublishedFile:
    """A machine's newest file under a key.

    Args:
        machine_id: An existing machine.
        key: The file's published name.
        call: The call that makes the file.

    Raises:
        NotFound: No stage has made the file yet.
    """
    file = registry.newest(machine_id, key)
    if file is None:
        name = key.rpartition("/")[2]
        made = f"POST /api/gan/machines/{machine_id}/{call} makes it"
        raise NotFound(f"{machine_id} has no {name} yet; {made}")
    return file


def local_copy(store: ArtifactStore, file: PublishedFile) -> Path:
    """A local copy of a file, verified against the ledger's SHA-256 once, not for each range.

    Raises:
        NotFound: The file was removed.
        ArtifactCorrupt: The file's SHA-256 is not the ledger's.
        OSError: The store does not answer.
    """
    try:
        found = store.locate(file.staged_key, file.sha256).stat()
    except FileNotFoundError:
        advice = "send the request again to get the newest file"
        raise NotFound(f"{file.key} was removed; {advice}") from None
    identity = (found.st_ino, found.st_mtime_ns, found.st_size)
    return _verified(store, file.staged_key, file.sha256, identity)


@lru_cache(_VERIFIED_FILES)
def _verified(store: ArtifactStore, key: str, sha256: str, _identity: tuple[int, ...]) -> Path:
    return store.fetch(key, sha256)


def send_file(
    request: Request, path: Path, sha256: str, media_type: str, name: str | None = None
) -> Response:
    """Answer with a file, or with the requested range of it.

    Single ranges are supported. Several ranges, or a malformed one, get the whole file, as RFC 9110
    allows. The ETag is the file's SHA-256.

    Args:
        request: The request, for its method and headers.
        path: The file.
        sha256: SHA-256 of the file, hex.
        media_type: Type of the file.
        name: Name under which a browser saves the file; without one, it displays the file.
    """
    etag = f'"{sha256}"'
    headers = _headers(etag, name) | {"Accept-Ranges": "bytes"}
    if _client_has(request, etag):
        return Response(status_code=304, headers=headers)
    size = path.stat().st_size
    start, end, status = 0, size, 200
    requested = _requested_range(request, etag, size)
    if requested is not None:
        start, end = requested
        if start >= end:
            detail = f"the file has {size} bytes"
            return problem(416, detail, headers=headers | {"Content-Range": f"bytes */{size}"})
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    # Opened before the answer starts: the file stays readable if `gc` removes it now.
    chunks = _chunks(path.open("rb"), start, end)
    return StreamingResponse(chunks, status, headers, media_type)


def send_stream(
    request: Request, chunks: Iterator[bytes], etag: str, media_type: str, name: str
) -> Response:
    """Answer with generated content; its length is unknown, so there are no ranges."""
    headers = _headers(etag, name) | {"Accept-Ranges": "none"}
    if _client_has(request, etag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers=headers, media_type=media_type)
    return StreamingResponse(chunks, 200, headers, media_type)


def _headers(etag: str, name: str | None) -> dict[str, str]:
    # The same address has another file after the next run of the stage.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if name is not None:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return headers


def _client_has(request: Request, etag: str) -> bool:
    """Whether the client already has the file (`If-None-Match`)."""
    known = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    return "*" in tags or etag in tags


def _requested_range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of the requested range; empty if it lies beyond the end.

    None if the whole file is to be sent, also if it has changed since (`If-Range`).
    """
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked is None or request.method != "GET" or request.headers.get("if-range", etag) != etag:
        return None
    first, last = asked.groups()
    if first == "":
        return (max(0, size - int(last)), size) if last else None
    start, end = int(first), int(last) + 1 if last else size
    if end <= start and last:
        return None  # Malformed: the end is before the start.
    return start, min(end, size)


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while start < end and (chunk := file.read(min(_CHUNK, end - start))):
            start += len(chunk)
            yield chunk
