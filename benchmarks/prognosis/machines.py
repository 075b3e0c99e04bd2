"""How good predictors are on fresh simulated units, with right profiles and with wrong ones.

`python -m benchmarks.prognosis.machines` prints Markdown tables; `--json FILE` writes the figures.
Units to learn from and units to ask about come from different random seeds. A wrong
profile is off by up to 15 or 30 % in everything: failure values, bands, noise, onsets, life. The
predictor learns from it and is asked about units of the right one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.prognosis.acting import costs
from benchmarks.prognosis.alternatives import conformal_quantiles, one_booster
from benchmarks.prognosis.asked import asked_rows
from benchmarks.prognosis.outlook import outlook_errors
from benchmarks.prognosis.scores import interval_scores
from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.catalogue import fleet_profile
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.evaluation import evaluate
from GAN.prognosis.heads.sensor_forecast import HORIZONS
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.training_lives import simulated_lives

#: One machine of each category of the fleet.
MACHINES = (
    "motor_siemens_1la7_001",
    "pump_ksb_etanorm_006",
    "turbofan_cfm56_7b_001",
    "cnc_haas_vf2_001",
    "compressor_atlas_copco_ga30_001",
    "fan_howden_buffalo_008",
    "conveyor_dorner_2200_013",
    "robot_abb_irb6700_016",
    "hydraulic_beckwood_press_011",
    "transformer_square_d_017",
    "cooling_tower_bac_vti_018",
)
WRONG_BY = (0.0, 0.15, 0.30)

#: Units to learn from and to ask about, and the first random seed of each.
LEARNT, ASKED = 100, 120
LEARNT_SEED, ASKED_SEED = 31, 880_000_001

#: Rows that the alternatives learn from, and are asked about.
_ROWS = 8_000


def wrong_profile(profile: MachineProfile, by: float, rng: np.random.Generator) -> MachineProfile:
    """A profile whose figures are each off by up to this share."""

    def off() -> float:
        return float(1.0 + rng.uniform(-by, by))

    raw = profile.model_dump(mode="json")
    widths: dict[str, float] = {}
    for sensor in raw["sensors"]:
        normal = sensor["normal"]
        middle, half = (normal["min"] + normal["max"]) / 2, (normal["max"] - normal["min"]) / 2
        widths[sensor["name"]] = off()
        half *= widths[sensor["name"]]
        edge = middle + half if sensor["direction"] == "rising" else middle - half
        if sensor["failure"] is not None:
            sensor["failure"] = edge + (sensor["failure"] - edge) * off()
        sensor["normal"] = {"min": middle - half, "max": middle + half}
        sensor["noise"] *= off()
        sensor["onset"] = min(sensor["onset"] * off(), 0.95)
        sensor["limits"] = None
    # Couplings use the same share of a wrong band.
    for coupling in (raw.get("drivers") or {}).get("couplings", []):
        coupling["gain"] *= widths[coupling["sensor"]] / widths.get(coupling["follows"], 1.0)
    raw["rul"]["max_rul_hours"] = profile.life.max_rul_hours * off()
    return MachineProfile.model_validate(raw)


def judged(machine_id: str, by: float) -> dict[str, Any]:
    """The evaluation of one machine's predictor, with the CPU seconds of its training.

    With the right profile, also the alternatives, the cost of acting and the sensor forecast.
    """
    right = fleet_profile(machine_id)
    known = wrong_profile(right, by, np.random.default_rng(1)) if by else right
    lives = simulated_lives(known, LEARNT, LEARNT_SEED)
    began = time.process_time()
    predictor = Predictor.fit(known, lives, time_step_of(lives))
    seconds = time.process_time() - began
    asked = simulated_lives(right, ASKED, ASKED_SEED)
    found = evaluate(predictor, asked).model_dump()
    found |= {"machine_id": machine_id, "wrong_by": by, "fit_cpu_s": seconds}
    if not by:
        found["alternatives"] = _alternatives(predictor, lives, asked)
        found["costs"] = costs(predictor, asked)
        found["outlook"] = outlook_errors(predictor, asked)
    return found


def _alternatives(
    predictor: Predictor, lives: pd.DataFrame, asked: pd.DataFrame
) -> dict[str, dict[str, float]]:
    """Other ways to learn from the same features."""
    known, fresh = (asked_rows(predictor, each, _ROWS) for each in (lives, asked))
    answers = {
        "CQR": conformal_quantiles(known.rows, known.rul, known.units, fresh.rows),
        "one booster": one_booster(known.rows, known.rul, known.units, fresh.rows),
    }
    return {name: interval_scores(quantiles, fresh) for name, quantiles in answers.items()}


def tables(results: list[dict[str, Any]]) -> Iterator[str]:
    """Markdown: three tables with right profiles, one with means of wrong ones."""
    right = [one for one in results if not one["wrong_by"]]
    yield (
        "| machine | mean life, h "
        "| MAE, h: predictor / by age / mean life − age / CQR / one booster "
        "| late MAE: predictor / by age / line / CQR / one booster "
        "| coverage of 90 %: all / late; CQR; one booster "
        "| width, h: predictor / by age / CQR / one booster |"
    )
    yield "|---|---|---|---|---|---|"
    for one in right:
        cqr, booster = one["alternatives"]["CQR"], one["alternatives"]["one booster"]
        yield (
            f"| {one['machine_id']} | {one['mean_life_hours']:.0f} "
            f"| {one['mae_hours']:.0f} / {one['mae_by_age_hours']:.0f} / "
            f"{one['mae_mean_life_hours']:.0f} / {cqr['mae']:.0f} / {booster['mae']:.0f} "
            f"| {one['late_mae_hours']:.1f} / {one['late_mae_by_age_hours']:.0f} / "
            f"{one['late_mae_trend_hours']:.0f} / {cqr['late_mae']:.1f} / "
            f"{booster['late_mae']:.1f} "
            f"| {one['coverage_90']:.3f} / {one['late_coverage_90']:.3f}; "
            f"{cqr['coverage']:.3f}; {booster['coverage']:.3f} "
            f"| {one['width_90_hours']:.0f} / {one['width_90_by_age_hours']:.0f} / "
            f"{cqr['width']:.0f} / {booster['width']:.0f} |"
        )
    yield ""
    yield (
        "| machine | Brier 24 h: predictor / by age | mode right, late | false alarms in 1,000 h; "
        "missed | cost of acting: predictor / alarm value / best age | training, CPU s |"
    )
    yield "|---|---|---|---|---|---|"
    for one in right:
        cost = one["costs"]
        yield (
            f"| {one['machine_id']} | {one['brier_24h']:.4f} / {one['brier_24h_by_age']:.4f} "
            f"| {one['mode_accuracy_late']:.2f} "
            f"| {one['false_alarms_per_1000h']:.2f}; {one['missed_failures']} "
            f"| {cost['predictor']:.2f} / {cost['alarm value']:.2f} / {cost['best age']:.2f} "
            f"| {one['fit_cpu_s']:.1f} |"
        )
    yield ""
    yield f"| machine | {' | '.join(f'{100 * share:g} %' for share in HORIZONS)} |"
    yield "|---" * (1 + len(HORIZONS)) + "|"
    for one in right:
        shown = (
            f"{each['forecast']:.2f} / {each['drift']:.2f}; {each['coverage']:.2f}"
            for each in one["outlook"]
        )
        yield f"| {one['machine_id']} | {' | '.join(shown)} |"
    yield ""
    yield (
        "| profile wrong by | MAE relative to by age | late MAE, % of mean life "
        "| coverage: all / late | called strange |"
    )
    yield "|---|---|---|---|---|"
    for by in WRONG_BY:
        rows = [one for one in results if one["wrong_by"] == by]

        def mean(name: str, rows: list[dict[str, Any]] = rows) -> float:
            return float(np.mean([one[name] for one in rows]))

        late = np.mean([100 * one["late_mae_hours"] / one["mean_life_hours"] for one in rows])
        relative = np.mean([one["mae_hours"] / one["mae_by_age_hours"] for one in rows])
        yield (
            f"| {100 * by:.0f} % | {relative:.2f} | {late:.1f} "
            f"| {mean('coverage_90'):.3f} / {mean('late_coverage_90'):.3f} "
            f"| {100 * mean('strange_share'):.0f} % |"
        )


def main() -> None:
    """Judge all machines."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("machines", nargs="*", default=MACHINES)
    options = parser.parse_args()
    results = [judged(machine, by) for by in WRONG_BY for machine in options.machines]
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print("\n".join(tables(results)))  # noqa: T201


if __name__ == "__main__":
    main()
