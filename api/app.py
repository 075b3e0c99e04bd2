"""The service: its routes, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio
from fastapi import FastAPI
from fastapi_swagger import patch_fastapi
from pydantic.json_schema import models_json_schema

from api.auth.access import READ
from api.dependencies.service import open_service
from api.error_handlers import add_failure_handlers
from api.live import sockets
from api.live.hub import Live
from api.middleware.request_log import Tracing
from api.middleware.security_headers import DOCS
from api.middleware.stack import install
from api.responses import examples
from api.responses.problems import EVERYWHERE, ProblemDocument, documented
from api.routes import (
    data,
    events,
    health,
    machines,
    metrics,
    profiles,
    reports,
    stages,
    statistics,
    tasks,
    templates,
)
from api.routes.stages import GenerateRequest, SeedRequest, TrainRequest
from storage.settings import Settings

#: Requests that are worked on at once; each holds a thread, and each thread a connection to the
#: ledger. More wait.
MOST_AT_ONCE = 24

DESCRIPTION = """
From a machine's profile to synthetic run-to-failure data.

POST a profile, follow its task, and download the sets. Whatever is wrong is told in a problem
document (RFC 9457). Times are milliseconds since 1970.

WebSockets follow tasks (`/ws/tasks/{task_id}`) and the fleet (`/ws/fleet`); docs/api.md has their
messages, which OpenAPI cannot describe.
"""


def create_app(settings: Settings) -> FastAPI:
    """The service, over the ledger that this process has open.

    Args:
        settings: Where its parts are.
    """
    app = FastAPI(
        title="Fleetforge",
        version=version("fleetforge"),
        description=DESCRIPTION,
        lifespan=_lifespan,
        # The page below loads nothing from elsewhere.
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        # One schema of a profile, the one that is sent.
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    app.state.service = open_service(settings)
    app.state.live = Live(settings)
    add_failure_handlers(app)
    for module in (
        machines,
        stages,
        tasks,
        data,
        reports,
        templates,
        profiles,
        statistics,
        events,
        metrics,
    ):
        responses = documented(*EVERYWHERE)
        app.include_router(module.router, dependencies=[READ], responses=responses)
    app.include_router(health.router, responses=documented(413, 421, 500))
    app.include_router(sockets.router)  # Each lets clients in by itself.
    install(app, settings)
    app.add_middleware(Tracing)  # The last one added is the outermost.
    _add_schemas(app)
    # A page that kept the token would keep it where every script of this origin can read it.
    asked = {"persistAuthorization": False, "displayRequestDuration": True}
    patch_fastapi(app, DOCS, redirect_from_root_to_docs=False, swagger_ui_parameters=asked)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = MOST_AT_ONCE
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app.state.live.run)
        yield
        tasks.cancel_scope.cancel()


def _add_schemas(app: FastAPI) -> None:
    """Document the models that routes name and neither take nor return by themselves.

    And take out what FastAPI says of refusals: they are problem documents, and a route which says
    nothing of 422 takes any text for its parameters.
    """
    document = app.openapi
    _, definitions = models_json_schema(
        [
            (model, "validation")
            for model in (ProblemDocument, SeedRequest, TrainRequest, GenerateRequest)
        ],
        ref_template="#/components/schemas/{model}",
    )

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = document()
            schemas = schema["components"]["schemas"]
            schemas.update(definitions["$defs"])
            for name, example in examples.OF_MODELS.items():
                # Here, because FastAPI leaves out what is null in a document that it makes.
                schemas[name]["examples"] = [example]
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for operations in schema["paths"].values():
                for operation in operations.values():
                    if "HTTPValidationError" in str(operation["responses"].get("422")):
                        del operation["responses"]["422"]
        return document()

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it
