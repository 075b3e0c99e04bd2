"""Example responses for the OpenAPI document: the life of one machine."""

from __future__ import annotations

from typing import Any

from GAN.profiles.catalogue import template_profile

PROFILE: dict[str, Any] = template_profile("pump").model_dump(mode="json", exclude_unset=True)
MACHINE_ID = "pump_example_001"
_SHA256 = "80853b6f0f4dd61b79b42bc3573b91dd7f305288c99633d76db6d498451dfde3"
_CREATED, _STARTED, _DONE = 1795525170000, 1795525171000, 1795525194000

MACHINE: dict[str, Any] = {
    "machine_id": MACHINE_ID,
    "machine_type": "pump",
    "category": "pump",
    "manufacturer": "Example",
    "model": "EX-1",
    "created_at": _CREATED,
    "status": "running",
    "stage": "train_tvae",
    "task_id": 2,
    "progress": 40,
    "chain_progress": 31.5,
    "message": "epoch 10 of 25, loss -9.31",
    "error": None,
    "since": _STARTED,
    "overdue": False,
}
MACHINES = {"items": [MACHINE], "next_cursor": None}

ARTIFACT = {
    "key": f"GAN/data/synthetic/{MACHINE_ID}/train.parquet",
    "size": 4318022,
    "sha256": _SHA256,
    "verdict": "accepted",
    "published_at": _DONE,
}
EVENT: dict[str, Any] = {
    "id": 17,
    "type": "MachineOnboarded",
    "machine_id": MACHINE_ID,
    "correlation_id": "9d41fce8d4594e7e8ea15e178d0289a7",
    "causation_id": 16,
    "chain": "onboarding",
    "effect": "ends",
    "job_id": 4,
    "actor": "system",
    "occurred_at": _DONE,
    "payload": {"report_key": f"GAN/reports/generation/{MACHINE_ID}_report.json"},
}
EVENTS = {"items": [EVENT], "next_cursor": "WyJpZCIsMTdd"}

MACHINE_DETAIL = MACHINE | {
    "profile": PROFILE,
    "chain": [
        {
            "event_id": 2,
            "event_type": "SeedReady",
            "task_id": 2,
            "stage": "train_tvae",
            "status": "running",
            "progress": 40,
            "created_at": _CREATED,
            "started_at": _STARTED,
            "completed_at": None,
        }
    ],
    "chains": [{"chain": "onboarding", "status": "running", "stage": "train_tvae", "task_id": 2}],
    "artifacts": [ARTIFACT],
    "latest_model": {
        "version": 1,
        "key": f"GAN/models/tvae/temporal/{MACHINE_ID}_tvae_temporal_25epochs.pkl",
        "sha256": _SHA256,
        "epochs": 25,
        "final_loss": -10.2,
        "status": "accepted",
        "created_at": _DONE,
    },
    "report": {
        "href": f"/api/gan/machines/{MACHINE_ID}/report",
        "page_href": f"/api/gan/machines/{MACHINE_ID}/report.html",
        "sha256": _SHA256,
    },
}

TASK: dict[str, Any] = {
    "task_id": 2,
    "machine_id": MACHINE_ID,
    "stage": "train_tvae",
    "status": "running",
    "progress": 40,
    "message": "epoch 10 of 25, loss -9.31",
    "epoch": 10,
    "loss": -9.31,
    "eta_seconds": 14.2,
    "attempts": 0,
    "created_at": _CREATED,
    "started_at": _STARTED,
    "completed_at": None,
    "result": None,
    "error": None,
}

REPORT = {
    "machine_id": MACHINE_ID,
    "profile_sha256": _SHA256,
    "passed": True,
    "verdict": "Good enough to train a RUL model on.",
    "reasons": [],
    "notes": [],
    "splits": {"train": {"rows": 35_000, "units": 61, "failure_modes": {"seal_failure": 61}}},
    "gates": [
        {
            "metric": "rows_c2st_auc",
            "value": 0.27,
            "good": 0.65,
            "usable": 0.8,
            "light": "good",
            "more_is_better": False,
            "question": "Can a classifier separate synthetic rows from seed rows?",
            "answer": "no",
            "number": "AUC 0.27",
            "reference": {"value": 0.5, "meaning": "guessing"},
        }
    ],
    "comparison": None,
}

PREDICTOR: dict[str, Any] = {
    "machine_id": MACHINE_ID,
    "version": 1,
    "key": f"GAN/models/predictors/{MACHINE_ID}/{MACHINE_ID}_predictor_v1.zip",
    "sha256": _SHA256,
    "task_id": 5,
    "learnt_from": "simulated lives",
    "units": 200,
    "scores": {"mae_hours": 63.0, "late_mae_hours": 9.4, "coverage_90": 0.91},
    "training_time_seconds": 6.2,
    "no_forecast": None,
    "live": True,
    "note": "",
    "created_at": _DONE,
}

STATISTICS = {
    "machines": {"onboarded": 12},
    "categories": {"pump": 3, "motor": 9},
    "stages": {"train_tvae": {"jobs": {"success": 12}, "median_seconds": 9.4}},
    "models": {"accepted": 12},
    "events": 60,
    "files": 132,
    "bytes": 61402118,
}

TEMPLATE = {
    "machine_type": "pump",
    "href": "/api/gan/templates/pump",
    "download_href": "/api/gan/templates/pump/download",
}

VERDICT = {
    "valid": False,
    "problems": [
        {
            "path": "sensors[3].normal.max",
            "message": "missing",
            "advice": "add sensors[3].normal.max",
        }
    ],
}

PROBLEM = {
    "type": "about:blank",
    "title": "Not Found",
    "status": 404,
    "detail": "no machine 'motor_9'; see GET /api/gan/machines",
    "errors": [],
}

HEALTH = {
    "ok": True,
    "parts": {
        "ledger": {"ok": True, "says": "SQLite 3.53.0, up to date"},
        "broker": {"ok": True, "says": "Valkey 9.1.0"},
        "artifacts": {"ok": True, "says": "there"},
        "workers": {"ok": True, "says": "2 alive"},
        "rate limit": {"ok": True, "says": "counts requests"},
    },
}

METRICS = 'fleetforge_http_requests_total{method="GET",route="/livez",status="200"} 1.0\n'
CSV = "unit_id,cycle_hour,rul_hours,failure_mode,flow_rate\n1,0.0,812.5,seal_failure,120.4\n"


#: Examples by the name of the model.
OF_MODELS: dict[str, Any] = {
    "Alive": {"status": "ready"},
    "EventPage": EVENTS,
    "Login": {"token": "ff_0123456789ab_..."},
    "SessionState": {"name": "dashboard", "scope": "read", "open": False, "expires_at": _DONE},
    "GenerateRequest": {"train": 35_000, "val": 7_500, "test": 7_500},
    "Health": HEALTH,
    "MachineDetail": MACHINE_DETAIL,
    "Machine": MACHINE,
    "MachinePage": MACHINES,
    "MachineProfile": PROFILE,
    "Predictor": PREDICTOR,
    "Predictors": {"items": [PREDICTOR]},
    "ProblemDocument": PROBLEM,
    "QualityReport": REPORT,
    "SeedRequest": {"rows": 10_000, "seed": 0},
    "Statistics": STATISTICS,
    "Task": TASK,
    "Template": TEMPLATE,
    "TrainRequest": {"epochs": 25},
    "Verdict": VERDICT,
}
