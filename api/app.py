"""The HTTP service, assembled: routes, middleware, error handlers, documentation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version

import anyio
from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from api.auth.access import READ
from api.dependencies.service import open_service
from api.error_handlers import add_error_handlers
from api.live import sockets
from api.live.hub import Hub
from api.middleware.stack import add_middleware
from api.openapi import DESCRIPTION, extend_openapi
from api.pages import add_pages
from api.responses.problems import EVERYWHERE, documented
from api.responses.unit_metrics import UnitMetrics
from api.routes import (
    data,
    events,
    health,
    machines,
    metrics,
    operations,
    predictors,
    profiles,
    reports,
    session,
    stages,
    statistics,
    tasks,
    templates,
)
from api.routes.alerting import alerts, incidents, silences, webhooks
from api.routes.in_service import (
    course,
    exports,
    lives,
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
        routes=_routes(),
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
    app.state.hub = Hub(settings, app.state.service.progress)
    app.state.unit_metrics = UnitMetrics(settings.silent_hours)
    add_error_handlers(app)
    add_middleware(app, settings)
    extend_openapi(app)
    add_swagger_ui(app)
    add_pages(app)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """The routes of the API.

    All apps of a process share them: FastAPI prepares the routes at the first request, which takes
    a tenth of a second.
    """
    router = APIRouter()
    for module in (
        machines,
        stages,
        tasks,
        operations,
        data,
        reports,
        predictors,
        readings,
        exports,
        course,
        units,
        lives,
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
        router.include_router(module.router, dependencies=[READ], responses=responses)
    router.include_router(session.router, responses=documented(*session.REFUSALS))
    router.include_router(health.router, responses=documented(413, 421, 500))
    router.include_router(sockets.router)  # WebSockets check tokens themselves.
    return router.routes


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = MAX_CONCURRENT_REQUESTS
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app.state.hub.run)
        yield
        tasks.cancel_scope.cancel()
