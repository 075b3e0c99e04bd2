"""The OpenAPI document: FastAPI's, with the models and examples that FastAPI cannot find."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from api.responses import alerting, examples, operations, unit_examples
from api.responses.problems import ProblemDocument
from api.routes.alerting.alerts import Acknowledgement
from api.routes.alerting.silences import SilenceRequest
from api.routes.alerting.webhooks import NewWebhook
from api.routes.in_service.lives import FailureReport, MaintenanceReport, RepairReport
from api.routes.in_service.predictions import PredictionRequest
from api.routes.operations import QueueChange
from api.routes.session import Login
from api.routes.stages import GenerateRequest, SeedRequest, TrainRequest
from GAN.config.thresholds import Thresholds

DESCRIPTION = """
From a machine's profile to synthetic run-to-failure data, and predictions of failures.

POST a profile, follow its task, and download the data sets. POST readings of units, and get the
fleet with its predictions and alerts. Errors are problem documents
(RFC 9457) that say what is wrong and what to do. Times are milliseconds since 1970.

WebSockets stream the progress of one task (`/ws/tasks/{task_id}`) or of the whole fleet
(`/ws/fleet`). OpenAPI cannot describe their messages; docs/api.md does.
"""

#: Models that routes refer to by name only, so FastAPI does not see them.
_REFERRED = (
    ProblemDocument,
    SeedRequest,
    TrainRequest,
    GenerateRequest,
    PredictionRequest,
    Thresholds,
    FailureReport,
    MaintenanceReport,
    RepairReport,
    Acknowledgement,
    SilenceRequest,
    NewWebhook,
    Login,
    QueueChange,
)

_EXAMPLES = examples.OF_MODELS | unit_examples.OF_MODELS | alerting.OF_MODELS | operations.OF_MODELS


def extend_openapi(app: FastAPI) -> None:
    """Complete the document, and remove FastAPI's own error models.

    Refusals are problem documents here. A route that documents no 422 accepts any text as its
    parameters, so FastAPI's default 422 would be wrong.
    """
    build = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = build()
            _, definitions = models_json_schema(
                [(model, "validation") for model in _REFERRED],
                ref_template="#/components/schemas/{model}",
            )
            schemas = document["components"]["schemas"]
            schemas.update(definitions["$defs"])
            for name, example in _EXAMPLES.items():
                # Added here because FastAPI drops nulls from the document that it builds.
                schemas[name]["examples"] = [example]
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for operations in document["paths"].values():
                for operation in operations.values():
                    if "HTTPValidationError" in str(operation["responses"].get("422")):
                        del operation["responses"]["422"]
        return build()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI documents this way to extend it
