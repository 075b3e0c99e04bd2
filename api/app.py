"""The HTTP service, assembled: routes, middleware, error handlers, documentation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import anyio
from fastapi import FastAPI

from api.auth.access import READ
from api.dependencies.service import open_service
from api.error_handlers import add_error_handlers
from api.live import sockets
from api.live.hub import Hub
from api.middleware.stack import add_middleware
from api.openapi import DESCRIPTION, extend_openapi
from api.responses.problems import EVERYWHERE, documented
from api.responses.unit_metrics import UnitMetrics
from api.routes import (
    data,
    events,
    health,
    machines,
    metrics,
    predictors,
    profiles,
    reports,
    stages,
    statistics,
    tasks,
    templates,
)
from api.routes.alerting import alerts, incidents, silences, webhooks
from api.routes.in_service import (
    exports,
    outcomes,
    plan,
    predictions,
    readings,
    thresholds,
    units,
)
from api.swagger_ui import add_swagger_ui
from storage.settings import Settings

#: Requests handled at once; others wait. Each uses a thread, and each thread a connection to the
#: ledger.
MAX_CONCURRENT_REQUESTS = 24


def create_app(settings: Settings) -> FastAPI:
    """The service, on the ledger that this process has open.

    Args:
        settings: Addresses and limits of its parts.
    """
    app = FastAPI(
        title="Fleetforge",
        version=version("fleetforge"),
        description=DESCRIPTION,
        lifespan=_lifespan,
        # FastAPI's own pages load scripts from the internet; `add_swagger_ui` serves ours.
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        # One schema per model, for both requests and answers.
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    app.state.service = open_service(settings)
    app.state.hub = Hub(settings)
    app.state.unit_metrics = UnitMetrics(settings.silent_hours)
    add_error_handlers(app)
    for module in (
        machines,
        stages,
        tasks,
        data,
        reports,
        predictors,
        readings,
        exports,
        units,
        thresholds,
        predictions,
        alerts,
        outcomes,
        incidents,
        silences,
        webhooks,
        plan,
        templates,
        profiles,
        statistics,
        events,
        metrics,
    ):
        responses = documented(*EVERYWHERE)
        app.include_router(module.router, dependencies=[READ], responses=responses)
    app.include_router(health.router, responses=documented(413, 421, 500))
    app.include_router(sockets.router)  # WebSockets check tokens themselves.
    add_middleware(app, settings)
    extend_openapi(app)
    add_swagger_ui(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = MAX_CONCURRENT_REQUESTS
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app.state.hub.run)
        yield
        tasks.cancel_scope.cancel()
