"""Example responses about units, for the OpenAPI document: one unit that wears."""

from __future__ import annotations

from typing import Any

from api.responses.examples import MACHINE_ID

_READ, _RAISED = 1795953600000, 1795953601000

READINGS: dict[str, Any] = {
    "readings": [
        {
            "machine": MACHINE_ID,
            "unit": "1",
            "at": "2026-11-29T12:00:00Z",
            "readings": {"vibration_rms": 5.9, "bearing_temperature": 78.2},
        }
    ]
}

_SENT: dict[str, Any] = {
    "at": _READ,
    "life": 1,
    "hours_in_service": 402.5,
    "late": False,
    "readings": {"vibration_rms": 5.9, "bearing_temperature": 78.2},
}

_REASON = {"sensor": "vibration_rms", "hours": -410.2, "used": 0.81}
_SENTENCE = (
    "About 18 h left, with 90 % probability 9 to 31 h: vibration_rms (81 % of its way to failure) "
    "takes 410 h (usual: 428 h)."
)
_LIFE = {"rul_hours": 21.0, "failure_mode": "bearing_wear"}

PREDICTION: dict[str, Any] = {
    "age_hours": 402.5,
    "based_on": "readings",
    "rul_hours": 18.1,
    "rul_low_hours": 9.2,
    "rul_high_hours": 30.7,
    "probability_24h": 0.79,
    "planning_hours": 60.0,
    "probabilities": {"healthy": 0.0, "bearing_wear": 0.94, "cavitation": 0.06},
    "novelty": 9.1,
    "novelty_limit": 2.2,
    "strangeness": 0.4,
    "widened": 1.0,
    "health": 14.0,
    "silent_sensors": [],
    "stuck_sensors": [],
    "outlook": [
        {
            "sensor": "vibration_rms",
            "hours": [6.0, 30.0],
            "low": [5.8, 6.1],
            "median": [6.1, 6.9],
            "high": [6.4, 7.8],
            "hours_to_alarm": 0.0,
        }
    ],
    "reasons": [_REASON],
    "usual_hours": 428.3,
    "similar_lives": [_LIFE],
    "sentence": _SENTENCE,
}

UNIT: dict[str, Any] = {
    "machine_id": MACHINE_ID,
    "machine_type": "pump",
    "unit": "1",
    "life": 1,
    "began_at": _READ - 1_449_000_000,
    "seen_at": _READ,
    "received_at": _RAISED,
    "level": "alarm",
    "level_since": _READ,
    "why": "",
    "predicted_at": _READ,
    "predictor_version": 1,
    "alert_id": 3,
    "prediction": PREDICTION,
}

_PAST: dict[str, Any] = {
    "id": 88,
    "life": 1,
    "predictor_version": 1,
    "level": "alarm",
    "failure_class": "bearing_wear",
    "probability": 0.94,
    "probability_24h": 0.79,
    "probabilities": PREDICTION["probabilities"],
    "rul_hours": 18.1,
    "rul_low_hours": 9.2,
    "rul_high_hours": 30.7,
    "anomaly_score": 9.1,
    "anomaly_limit": 2.2,
    "strangeness": 0.4,
    "health": 14.0,
    "predicted_at": _READ,
    "created_at": _RAISED,
    "explanation": {
        "sentence": _SENTENCE,
        "usual_hours": 428.3,
        "reasons": [_REASON],
        "similar_lives": [_LIFE],
    },
}

ALERT: dict[str, Any] = {
    "id": 3,
    "machine_id": MACHINE_ID,
    "unit": "1",
    "life": 1,
    "level": "alarm",
    "cause": "failure in 24 h",
    "sentence": _SENTENCE,
    "reading_at": _READ,
    "raised_at": _RAISED,
    "cleared_at": None,
    "cleared_by": None,
    "acknowledged_at": None,
    "acknowledged_by": None,
    "note": None,
    "incident_id": None,
    "silenced": False,
}

_COST = {"failure": 0.1, "stop": 0.99, "lost_life": 0.4, "later_stop": 0.0}

PLAN: dict[str, Any] = {
    "made_for": "2026-11-29T12:00:00+00:00",
    "horizon_end": "2026-12-13T06:00:00+00:00",
    "windows": [
        {
            "window": {
                "start": "2026-12-06T06:00:00+00:00",
                "end": "2026-12-06T14:00:00+00:00",
                "units": 3,
                "work_hours": None,
            },
            "units": 1,
            "work_hours": 4.0,
        }
    ],
    "stops": [
        {
            "machine_id": MACHINE_ID,
            "unit": "1",
            "window": 0,
            "stop_hours": 4.0,
            "failure_probability": 0.01,
            "cost": _COST,
            "expected_cost": 1.49,
            "saved": 7.9,
            "reason": "If it is left, it fails by 2026-12-13 06:00 with a probability of 93 %, and "
            "before this window with 1 %; the stop saves 7.9 of 9.39.",
        }
    ],
    "left_out": [],
    "expected_cost": 1.49,
    "expected_failures": 0.01,
    "at_most_above_best": 0.0,
    "rules": [
        {"rule": "run to failure", "expected_cost": 9.39, "expected_failures": 0.93, "stops": 0}
    ],
}


def _horizon(hours: int, level: int, error: float) -> dict[str, Any]:
    """Figures of a horizon: of 21 lives with a forecast, `level` were at warning or alarm."""
    return {
        "hours": hours,
        "lives": 23,
        "too_short": 0,
        "without": 2,
        "made_later": 0,
        "hit": {"count": level, "of": 21, "share": level / 21, "low": 0.75, "high": 0.99},
        "coverage": {"count": 19, "of": 21, "share": 19 / 21, "low": 0.75, "high": 0.97},
        "mode": {"count": 15, "of": 16, "share": 15 / 16, "low": 0.77, "high": 0.99},
        "median_absolute_error_hours": error,
        "bias_hours": -0.4,
    }


_HORIZONS = [_horizon(8, 21, 1.9), _horizon(24, 20, 4.2), _horizon(168, 0, 41.0)]
_FALSE = {"count": 3, "hours": 9870.0, "per_1000_hours": 0.3, "low": 0.08, "high": 0.79}
_ALERTS = {"raised": 26, "right": 21, "undecided": 2, "false": _FALSE}
_NO_RATE = _FALSE | {"hours": 0.0, "per_1000_hours": None, "low": None, "high": None}

OUTCOMES: dict[str, Any] = {
    "machine_id": MACHINE_ID,
    "since": None,
    "until": None,
    "shortened": False,
    "failed": 23,
    "maintained": 4,
    "maintained_under_alert": 1,
    "horizons": _HORIZONS,
    "alerts": _ALERTS,
    "by_version": [
        {
            "machine_id": MACHINE_ID,
            "version": 1,
            "horizons": _HORIZONS,
            "alerts": _ALERTS | {"false": _NO_RATE},
        }
    ],
    "by_month": [
        {
            "month": "2026-11",
            "failed": 23,
            "maintained": 4,
            "horizons": _HORIZONS,
            "alerts": _ALERTS,
        }
    ],
}

#: Example by name of the model.
OF_MODELS: dict[str, Any] = {
    "Acknowledgement": {"note": "bearing is ordered"},
    "Alert": ALERT,
    "AlertPage": {"items": [ALERT], "next_cursor": None},
    "FailureReport": {"at": _READ, "mode": "bearing_wear"},
    "ForecastCourse": {
        "predicted_at": [_READ - 86_400_000, _READ],
        "rul_hours": [42.0, 18.1],
        "rul_low_hours": [25.5, 9.2],
        "rul_high_hours": [66.0, 31.4],
    },
    "LifeEnd": {"machine_id": MACHINE_ID, "unit": "1", "life": 1, "at": _READ},
    "MaintenanceReport": {"at": _READ, "note": "new bearing"},
    "ReadingCourse": {
        "at": [_READ - 3_600_000, _READ],
        "readings": {"vibration_rms": [5.8, 5.9], "bearing_temperature": [77.9, None]},
    },
    "RepairReport": {"at": _READ, "sensors": ["vibration_velocity"], "note": "new bearing"},
    "RepairedUnit": {
        "machine_id": MACHINE_ID,
        "unit": "1",
        "life": 1,
        "at": _READ,
        "sensors": ["vibration_velocity"],
    },
    "Outcomes": OUTCOMES,
    "PastPredictionPage": {"items": [_PAST], "next_cursor": None},
    "PlanDocument": PLAN,
    "PredictionRequest": {"machine_ids": "all"},
    "PredictionTasks": {"items": [{"machine_id": MACHINE_ID, "task_id": 41}]},
    "ReadingsTaken": {"taken": 1, "known": 0, "late": 0, "refused": 0, "problems": []},
    "SentReadingPage": {"items": [_SENT], "next_cursor": None},
    "Thresholds": {"alarm": 0.03, "warning": 0.5, "false_alarms_per_1000_hours": 1.0},
    "Unit": UNIT,
    "UnitPage": {"items": [UNIT], "next_cursor": None},
}
