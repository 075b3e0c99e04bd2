"""Sending artifacts: whole or in ranges (RFC 9110), checked, in constant memory."""

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

#: So many files are remembered to have the ledger's bytes.
_REMEMBERED = 256


def published(machine_id: str, key: str, call: str) -> PublishedFile:
    """A machine's newest file under a key.

    Args:
        machine_id: A machine that there is.
        key: Where the file lies.
        call: The call that makes it.

    Raises:
        NotFound: No stage has made it yet.
    """
    file = registry.of_machine(machine_id).get(key)
    if file is None:
        name = key.rpartition("/")[2]
        made = f"POST /api/gan/machines/{machine_id}/{call} makes it"
        raise NotFound(f"{machine_id} has no {name} yet; {made}")
    return file


def local_copy(store: ArtifactStore, file: PublishedFile) -> Path:
    """A local file with the ledger's bytes; they are read once to see that, not for each range.

    Raises:
        NotFound: The file is gone.
        ArtifactCorrupt: Its bytes are not the ledger's.
        OSError: The store does not answer.
    """
    try:
        found = store.locate(file.staged_key, file.sha256).stat()
    except FileNotFoundError:
        raise NotFound(f"{file.key} is gone; ask again for the newest") from None
    identity = (found.st_ino, found.st_mtime_ns, found.st_size)
    return _checked(store, file.staged_key, file.sha256, identity)


@lru_cache(_REMEMBERED)
def _checked(store: ArtifactStore, key: str, sha256: str, _identity: tuple[int, ...]) -> Path:
    return store.fetch(key, sha256)


def send_file(
    request: Request, path: Path, sha256: str, media_type: str, name: str | None = None
) -> Response:
    """Answer with a file, or with what was asked for of it.

    One range is understood; several, or what is no range at all, get the whole file, as RFC 9110
    allows. The ETag is the file's SHA-256.

    Args:
        request: For its method and headers.
        path: The file.
        sha256: Of its bytes.
        media_type: What it is.
        name: What a browser should save it as; absent, it shows it.
    """
    etag = f'"{sha256}"'
    headers = _headers(etag, name) | {"Accept-Ranges": "bytes"}
    if _is_known(request, etag):
        return Response(status_code=304, headers=headers)
    size = path.stat().st_size
    start, end, status = 0, size, 200
    asked = _asked_range(request, etag, size)
    if asked is not None:
        start, end = asked
        if start >= end:
            detail = f"the file has {size} bytes"
            return problem(416, detail, headers=headers | {"Content-Range": f"bytes */{size}"})
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    # Opened here: whatever `gc` removes from now on can still be read.
    chunks = _chunks(path.open("rb"), start, end)
    return StreamingResponse(chunks, status, headers, media_type)


def send_stream(
    request: Request, chunks: Iterator[bytes], etag: str, media_type: str, name: str
) -> Response:
    """Answer with what is made on the way; nobody knows its length, so there are no ranges."""
    headers = _headers(etag, name) | {"Accept-Ranges": "none"}
    if _is_known(request, etag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers=headers, media_type=media_type)
    return StreamingResponse(chunks, 200, headers, media_type)


def _headers(etag: str, name: str | None) -> dict[str, str]:
    # A machine may have another file under the same address tomorrow.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if name is not None:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return headers


def _is_known(request: Request, etag: str) -> bool:
    """Whether the client has it already."""
    known = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    return "*" in tags or etag in tags


def _asked_range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """From where to where, the end not included; empty when there are no such bytes.

    None when the whole file is to be sent, be it because it is another one by now (`If-Range`).
    """
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked is None or request.method != "GET" or request.headers.get("if-range", etag) != etag:
        return None
    first, last = asked.groups()
    if first == "":
        return (max(0, size - int(last)), size) if last else None
    start, end = int(first), int(last) + 1 if last else size
    if end <= start and last:
        return None  # Not a range: the end comes before its beginning.
    return start, min(end, size)


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while start < end and (chunk := file.read(min(_CHUNK, end - start))):
            start += len(chunk)
            yield chunk
