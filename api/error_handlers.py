"""Error handlers: every error is answered with a problem document, never with a traceback."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from api.middleware.request_log import CORRELATION_HEADER, REQUEST_HEADER
from api.middleware.security_headers import SECURITY_HEADERS
from api.responses.problems import RETRY_SECONDS, problem
from errors import (
    AccessRefused,
    ArtifactCorrupt,
    Conflict,
    InputMissing,
    InvalidInput,
    LedgerUnavailable,
    NotFound,
    Problem,
    SchemaTooNew,
)

#: The call that makes the input that a stage lacks.
_MAKERS = {"seed": "seed", "model": "train"}


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error with a problem document."""
    app.exception_handler(AccessRefused)(_access_refused)
    app.exception_handler(NotFound)(_not_found)
    app.exception_handler(Conflict)(_conflict)
    app.exception_handler(InputMissing)(_input_missing)
    app.exception_handler(InvalidInput)(_invalid)
    app.exception_handler(RequestValidationError)(_request_invalid)
    app.exception_handler(LedgerUnavailable)(_ledger_unavailable)
    app.exception_handler(SchemaTooNew)(_too_old)
    app.exception_handler(OSError)(_artifacts_unavailable)
    app.exception_handler(ArtifactCorrupt)(_corrupt)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(Exception)(_bug)


async def _access_refused(_: Request, error: AccessRefused) -> Response:
    return problem(error.status, str(error), headers={"WWW-Authenticate": error.challenge})


async def _not_found(_: Request, error: NotFound) -> Response:
    return problem(404, str(error))


async def _conflict(_: Request, error: Conflict) -> Response:
    return problem(409, str(error))


async def _input_missing(_: Request, error: InputMissing) -> Response:
    call = f"POST /api/gan/machines/{error.machine_id}/{_MAKERS[error.missing]}"
    return problem(409, f"{error}; {call} makes it")


async def _invalid(_: Request, error: InvalidInput) -> Response:
    return problem(422, _detail(error.source, error.problems), error.problems)


async def _request_invalid(request: Request, error: RequestValidationError) -> Response:
    problems = [_field_problem(request, detail) for detail in error.errors()]
    return problem(422, _detail("request", problems), problems)


async def _ledger_unavailable(_: Request, error: LedgerUnavailable) -> Response:
    structlog.get_logger().warning("ledger unavailable", reason=str(error))
    # The reason may contain host and user names, so it is in the log only.
    detail = "the ledger does not answer; nothing was changed"
    return problem(503, detail, headers={"Retry-After": str(RETRY_SECONDS)})


async def _too_old(_: Request, error: SchemaTooNew) -> Response:
    structlog.get_logger().error("too old", reason=str(error))
    return problem(503, str(error))


async def _artifacts_unavailable(_: Request, error: OSError) -> Response:
    structlog.get_logger().warning("artifacts unavailable", reason=str(error))
    detail = "the artifact store does not answer"
    return problem(503, detail, headers={"Retry-After": str(RETRY_SECONDS)})


async def _corrupt(_: Request, error: ArtifactCorrupt) -> Response:
    structlog.get_logger().error("artifact corrupt", reason=str(error))
    return problem(500, str(error))


async def _http_error(request: Request, error: HTTPException) -> Response:
    """Errors of the framework, and of routes before they read anything."""
    headers = dict(error.headers or {})
    detail = str(error.detail)
    if error.status_code == 404 and detail == "Not Found":
        detail = "no such route; see /docs"
    elif error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request)) or headers.get("Allow", "")
        detail = f"{request.method} is not allowed here; use {headers['Allow']}"
    return problem(error.status_code, detail, headers=headers)


async def _bug(request: Request, error: Exception) -> Response:
    """An unexpected error; the log has it under the request's id."""
    request_id = request.state.request_id
    structlog.get_logger().error("bug", request=request_id, error=repr(error))
    return problem(
        500,
        f"an unexpected error of this service; its log has it under the request {request_id}",
        # This answer does not pass the middleware that adds these headers.
        headers=SECURITY_HEADERS
        | {
            REQUEST_HEADER: request_id,
            CORRELATION_HEADER: request.state.correlation_id,
            "Connection": "close",  # The server closes it after an error, which it logs.
        },
    )


def _allowed(request: Request) -> list[str]:
    """All methods of a route's path; the framework names only those of the first matching route."""
    path = getattr(request.scope.get("route"), "path", "")
    routes = iter_route_contexts(request.app.routes)
    return sorted(set().union(*(route.methods or () for route in routes if route.path == path)))


def _field_problem(request: Request, detail: ErrorDetails) -> Problem:
    place, *path = map(str, detail["loc"])
    if detail["type"] == "json_invalid":
        reason = detail.get("ctx", {}).get("error", detail["msg"])
        return Problem("", f"not JSON: {reason}", "write a JSON object")
    where = path if place == "body" else [place, *path]
    advice = f"see {request.method} {request.scope['route'].path} in /docs"
    return Problem(".".join(where), detail["msg"], advice)


def _detail(source: str, problems: Sequence[Problem]) -> str:
    if len(problems) == 1:
        return f"{source}: {problems[0]}"
    return f"{source}: {len(problems)} problems; errors lists each with what to write instead"
