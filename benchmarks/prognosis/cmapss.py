"""C-MAPSS FD001: the official test set, and whether engines of FD003 are called unknown.

`python -m benchmarks.prognosis.cmapss FOLDER` reads train_FD001.txt, test_FD001.txt, RUL_FD001.txt
and test_FD003.txt (NASA Prognostics Data Repository, "Turbofan Engine Degradation Simulation").
A part of FD003's engines fails by a fault that FD001 does not have. A cycle counts as an hour.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.prognosis.asked import asked_rows
from GAN.importing.conversion import Runs
from GAN.importing.profile_inference import derive_profile
from GAN.prognosis.heads.error_distribution import HIGH, LOW, MEDIAN
from GAN.prognosis.heads.similar_lives import STRANGE
from GAN.prognosis.predictor import Predictor

#: RUL is scored up to this many cycles, as is usual for this data set.
CAP = 125.0
#: All columns after the engine and the cycle, and those that wear does not change in flights of one
#: regime.
SETTINGS = ("setting_1", "setting_2", "setting_3")
SENSORS = (
    *("t2", "t24", "t30", "t50", "p2", "p15", "p30", "nf", "nc", "epr", "ps30", "phi", "nrf"),
    *("nrc", "bpr", "farb", "htbleed", "nf_dmd", "pcnfr_dmd", "w31", "w32"),
)
CONSTANT = {"t2", "p2", "p15", "epr", "farb", "nf_dmd", "pcnfr_dmd", *SETTINGS}
#: Sets whose engines fly in six regimes.
SIX_REGIMES = ("FD002", "FD004")


def engines(folder: Path, name: str) -> pd.DataFrame:
    """The lives of a file in the columns of a seed; RUL counts to the last row of the file.

    With six regimes all settings and sensors are kept, else the sensors that change.
    """
    raw = pd.read_csv(folder / f"{name}.txt", sep=r"\s+", header=None)
    last = raw.groupby(0)[1].transform("max")
    frame = pd.DataFrame(
        {
            "unit_id": raw[0],
            "cycle_hour": raw[1] - 1.0,
            "rul_hours": (last - raw[1]).astype(float),
            "failure_mode": "worn",
        }
    )
    columns = {
        column: raw[2 + place].astype(float)
        for place, column in enumerate((*SETTINGS, *SENSORS))
        if name.endswith(SIX_REGIMES) or column not in CONSTANT
    }
    return frame.assign(**columns)


def measured(folder: Path, seeds: int) -> dict[str, float]:
    """Metrics of FD001's predictor, means over random seeds."""
    train, test = engines(folder, "train_FD001"), engines(folder, "test_FD001")
    other = engines(folder, "test_FD003")
    truth = pd.read_csv(folder / "RUL_FD001.txt", header=None)[0].to_numpy(np.float64)
    capped = np.minimum(truth, CAP)
    profile = derive_profile(
        "turbofan_fd001", Runs(train, (), (), train.head(0), ()), {}, "train_FD001.txt"
    )
    runs = []
    for seed in range(seeds):
        predictor = Predictor.fit(profile, train, 1.0, seed)
        asked = asked_rows(predictor, test)
        newest = np.append(np.diff(asked.units) != 0, True)
        rows, age = asked.rows[newest], asked.age[newest]
        strangeness, widened, _ = predictor.past.compare(rows)
        quantiles = np.minimum(predictor.rul.quantiles(rows, age, widened), CAP)
        late = quantiles[:, MEDIAN] - capped
        inside = (capped >= quantiles[:, LOW]) & (capped <= quantiles[:, HIGH])
        asked = asked_rows(predictor, other)
        unknown = asked.rows[np.append(np.diff(asked.units) != 0, True)]
        runs.append(
            {
                "RMSE": float(np.sqrt(np.mean(np.square(late)))),
                "RMSE of the mean": float(np.std(capped)),
                "PHM08 score": float(
                    np.where(late < 0, np.expm1(-late / 13.0), np.expm1(late / 10.0)).sum()
                ),
                "coverage of 90 %": float(inside.mean()),
                "width of 90 %": float((quantiles[:, HIGH] - quantiles[:, LOW]).mean()),
                "strange of 100, FD001": float(100 * (strangeness > STRANGE).mean()),
                "strange of 100, FD003": float(
                    100 * (predictor.past.compare(unknown)[0] > STRANGE).mean()
                ),
            }
        )
    return {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    found = measured(options.folder, options.seeds)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, value in found.items():
        print(f"{name:24} {value:.3g}")  # noqa: T201


if __name__ == "__main__":
    main()
