"""A predictor as a file: a zip of LightGBM's text models, a JSON document and an array.

The file holds no pickle. LightGBM does not check its text models, so a file that was tampered with
could still crash the process. Callers that have its SHA-256 pass it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from errors import ArtifactCorrupt, StageError
from GAN.datasets.regimes import Regimes
from GAN.files import replacing
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.sensors import SensorArrays
from GAN.prognosis.heads.error_distribution import ErrorDistribution
from GAN.prognosis.heads.failure_mode import FailureModeModel
from GAN.prognosis.heads.novelty import NoveltyModel
from GAN.prognosis.heads.rul import RulModel
from GAN.prognosis.heads.sensor_forecast import SensorForecast
from GAN.prognosis.heads.similar_lives import PastLives
from GAN.prognosis.predictor import Predictor

if TYPE_CHECKING:
    from lightgbm import Booster

#: Version of the features and of this format; another version is refused.
LAYOUT = 2
#: Largest size of a file's content, bytes.
MAX_BYTES = 64 * 2**20

_DOCUMENT, _PAST = "predictor.json", "past.npy"
_RUL_MODELS = ("rul_log.txt", "rul_relative.txt", "rul_hours.txt")
_MODE_MODEL, _FORECAST_MODEL = "failure_mode.txt", "sensor_forecast.txt"


def save(predictor: Predictor, path: Path) -> None:
    """Write a predictor; the same predictor gives the same bytes."""
    texts = dict(zip(_RUL_MODELS, map(_text, predictor.rul.boosters), strict=True))
    if predictor.modes.booster is not None:
        texts[_MODE_MODEL] = _text(predictor.modes.booster)
    if predictor.forecast is not None:
        texts[_FORECAST_MODEL] = _text(predictor.forecast.booster)
    texts[_DOCUMENT] = json.dumps(_document(predictor), default=_plain)
    array = io.BytesIO()
    np.save(array, predictor.past.rows, allow_pickle=False)
    with replacing(path) as part, zipfile.ZipFile(part, "w") as file:
        contents: dict[str, str | bytes] = {**texts, _PAST: array.getvalue()}
        for name, content in contents.items():
            # A fixed date: the default would be the time of writing.
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def load(path: Path, sha256: str | None = None) -> Predictor:
    """Read a predictor.

    Args:
        path: The file.
        sha256: Expected SHA-256 of the file; None: not checked.

    Raises:
        ArtifactCorrupt: The file is damaged, or not the expected one.
        StageError: It is of another version of the format.
    """
    content = path.read_bytes()
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ArtifactCorrupt(f"{path} is not the file that was trained; train it again")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            if sum(entry.file_size for entry in file.infolist()) > MAX_BYTES:
                raise ArtifactCorrupt(f"{path} is larger than a predictor can be")
            parts = {entry.filename: file.read(entry) for entry in file.infolist()}
        document = json.loads(parts[_DOCUMENT])
        layout = document["layout"]
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as error:
        raise ArtifactCorrupt(f"{path} is not a predictor: {error}") from None
    if layout != LAYOUT:
        raise StageError(f"{path} is of another version of Fleetforge; train it again")
    try:
        return _predictor(document, parts)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactCorrupt(f"{path} is not a predictor: {error}") from None


def _text(booster: Booster) -> str:
    return str(booster.model_to_string())


def _booster(text: bytes) -> Booster:
    import lightgbm

    try:
        return lightgbm.Booster(model_str=text.decode())
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(f"a broken model: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value)} cannot be written")


def _document(p: Predictor) -> dict[str, Any]:
    past = {name: getattr(p.past, name) for name in ("columns", "spread", "rul", "units", "modes")}
    return {
        "layout": LAYOUT,
        "profile": p.profile.model_dump(mode="json"),
        "step_hours": p.sensors.step_hours,
        "regimes": asdict(p.regimes),
        "no_forecast": p.no_forecast,
        "lively": p.lively,
        "rul": {
            "errors": asdict(p.rul.errors),
            "mean_life": p.rul.mean_life,
            "longest_life": p.rul.longest_life,
            "lives": p.rul.lives,
        },
        "modes": p.modes.modes,
        "novelty": asdict(p.novelty),
        "past": {**past, "distances": p.past.distances},
        "forecast_errors": None if p.forecast is None else p.forecast.errors,
        "lives": p.lives,
    }


def _predictor(document: dict[str, Any], parts: dict[str, bytes]) -> Predictor:
    past, rul = document["past"], document["rul"]
    profile = MachineProfile.model_validate(document["profile"])
    sensors = SensorArrays.of(profile, document["step_hours"])
    first, second, third = (_booster(parts[name]) for name in _RUL_MODELS)
    has_modes = _MODE_MODEL in parts
    forecast = None
    if document["forecast_errors"] is not None:
        errors = np.array(document["forecast_errors"])
        forecast = SensorForecast(_booster(parts[_FORECAST_MODEL]), errors)
    return Predictor(
        profile=profile,
        sensors=sensors,
        regimes=_regimes(document["regimes"], len(sensors.names)),
        no_forecast=document["no_forecast"],
        lively=np.array(document["lively"], dtype=bool),
        rul=RulModel(
            (first, second, third),
            ErrorDistribution(**{n: np.array(v) for n, v in rul["errors"].items()}),
            rul["mean_life"],
            rul["longest_life"],
            rul["lives"],
        ),
        modes=FailureModeModel(
            tuple(document["modes"]), _booster(parts[_MODE_MODEL]) if has_modes else None
        ),
        novelty=NoveltyModel(**{n: np.array(v) for n, v in document["novelty"].items()}),
        past=PastLives(
            columns=np.array(past["columns"], dtype=np.intp),
            spread=np.array(past["spread"]),
            rows=np.load(io.BytesIO(parts[_PAST]), allow_pickle=False),
            rul=np.array(past["rul"]),
            units=np.array(past["units"], dtype=np.intp),
            modes=np.array(past["modes"], dtype=np.intp),
            distances=np.array(past["distances"]),
        ),
        forecast=forecast,
        lives=np.array(document["lives"]),
    )


def _regimes(found: dict[str, Any], sensors: int) -> Regimes:
    return Regimes(
        settings=tuple(found["settings"]),
        cuts=tuple(tuple(each) for each in found["cuts"]),
        codes=np.array(found["codes"], dtype=np.int64),
        means=np.array(found["means"], dtype=np.float64).reshape(-1, sensors),
        spreads=np.array(found["spreads"], dtype=np.float64).reshape(-1, sensors),
        mean=np.array(found["mean"], dtype=np.float64),
        spread=np.array(found["spread"], dtype=np.float64),
    )
