"""Judge synthetic sets: do they help a RUL model, are they like the seed, and are they valid?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from GAN.config.quality_gates import GATES
from GAN.datasets.real_units import RealUnits
from GAN.datasets.regimes import find_regimes
from GAN.datasets.run_to_failure import time_step_of
from GAN.evaluation.comparison import compare
from GAN.evaluation.gates import Gate, Light, Measured, gates, measured_worth
from GAN.evaluation.likeness.fidelity import compared_sample
from GAN.evaluation.likeness.judgement import likeness
from GAN.evaluation.likeness.sdmetrics_scores import correlations
from GAN.evaluation.lives.copies import nearest_life_distance
from GAN.evaluation.lives.failure_modes import failure_mode_chance
from GAN.evaluation.lives.life_lengths import real_life_length_error, simulated_life_length_error
from GAN.evaluation.lives.unit_differences import unit_difference_error
from GAN.evaluation.quality_report import QualityReport, SensorTrend
from GAN.evaluation.validity import SplitCheck, check_split, shared_units, violations
from GAN.evaluation.verdict import decide
from GAN.evaluation.worth import Worth, real_worth, simulated_worth
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import fresh_units
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects

if TYPE_CHECKING:
    import pandas as pd


def assess(
    seed: pd.DataFrame,
    synthetic: Mapping[str, pd.DataFrame],
    profile: MachineProfile,
    real: RealUnits | None = None,
) -> QualityReport:
    """Judge synthetic sets against the seed data they were learnt from.

    They are compared as readings of a nominal unit (`GAN.synthesis.unit_effects`): a seed has few
    units, and new units are expected to have other unit effects. With enough real units, readings
    are compared as they are. If the seed is simulated, fresh units of the machine are simulated to
    compare with.

    Args:
        seed: The seed data.
        synthetic: The sets by name; `train` is compared with the seed data.
        profile: The machine.
        real: The real units of the seed; None if all are simulated.
    """
    names = [sensor.name for sensor in profile.sensors]
    # Values that are no numbers count as violations; the other metrics use the remaining rows.
    sets = {split: _numbers_only(frame, names) for split, frame in synthetic.items()}
    effects = UnitEffects(profile, sensors_with_unit_effects(seed, profile, real))
    nominal_seed = effects.nominal(seed)
    nominal = {split: effects.nominal(frame) for split, frame in sets.items()}
    train = nominal["train"]
    fresh = fresh_units(profile, time_step_of(seed)) if real is None else None
    nominal_fresh = None if fresh is None else effects.nominal(fresh)
    found = likeness(nominal_seed, nominal, profile, nominal_fresh)
    # Regimes would hide how lives differ.
    regimes, _ = find_regimes(seed, profile)
    known, *others = (regimes.within_nearest(frame, names) for frame in (seed, *sets.values()))
    made = dict(zip(sets, others, strict=True))
    if fresh is not None:
        fresh = regimes.within_nearest(fresh, names)
    worth: Worth | None = None
    if fresh is not None:
        worth = simulated_worth(known, made["train"], profile, fresh)
    elif real is not None:
        worth = real_worth(seed, sets, profile, real)
    whole = [name for name in names if (seed[name] % 1 == 0).all()]
    splits = {split: check_split(frame, profile, whole) for split, frame in synthetic.items()}
    shared = shared_units(synthetic)
    of_lives: dict[str, float | None] = {
        "violations": shared
        + sum(count for check in splits.values() for count, _ in check.violations()),
        "nearest_life_distance": nearest_life_distance(known, made, profile),
        "life_length_error": _life_length_error(synthetic, profile, real),
        "failure_mode_chance": failure_mode_chance(known, made, profile, fresh),
        "unit_difference_error": unit_difference_error(
            known if fresh is None else fresh, made.values(), profile
        ),
    }
    measured = {metric: Measured(value) for metric, value in of_lives.items()}
    decided = tuple(gates(measured | {"worth": measured_worth(worth)} | dict(found.measured)))
    verdict = decide(decided, tuple(violations(splits, shared)))
    return QualityReport(
        machine_id=profile.machine_id,
        profile_sha256=profile.sha256,
        passed=verdict.passed,
        reasons=verdict.reasons,
        notes=tuple(_notes(decided, splits, profile)),
        with_care=verdict.with_care,
        gates=decided,
        rows=found.rows,
        in_time=found.in_time,
        shuffled_baseline=found.shuffled,
        worth=worth,
        sensors=_trends(compared_sample(nominal_seed), compared_sample(train), profile),
        splits=splits,
        shared_units=shared,
        comparison=compare(seed, sets["train"], nominal_seed, train, profile),
    )


def _life_length_error(
    synthetic: Mapping[str, pd.DataFrame], profile: MachineProfile, real: RealUnits | None
) -> float:
    made = np.concatenate(
        [frame.groupby("unit_id")["rul_hours"].max().to_numpy() for frame in synthetic.values()]
    )
    if real is None:
        return simulated_life_length_error(made, profile.life)
    return real_life_length_error(made, *real.lived())


def _numbers_only(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    there: pd.DataFrame = frame[np.isfinite(frame[["rul_hours", *names]].to_numpy()).all(axis=1)]
    return there


def _notes(
    gates: tuple[Gate, ...], splits: Mapping[str, SplitCheck], profile: MachineProfile
) -> Iterator[str]:
    """Amber gates, gates that could not be judged, and failure modes missing from a set."""
    for gate in gates:
        limits = GATES[gate.metric]
        if gate.light is Light.USABLE:
            yield f"{limits.title}: {gate.value:.3f}, good is {gate.good:.3g}"
        if gate.light is Light.UNKNOWN:
            yield f"{limits.title}: not judged: few units, short lives or a long time step"
    for mode in profile.failure_modes:
        without = [split for split, check in splits.items() if not check.failure_modes[mode.name]]
        if without:
            yield f"no life ended by {mode.name} in {', '.join(without)}"


def _trends(
    seed: pd.DataFrame, train: pd.DataFrame, profile: MachineProfile
) -> tuple[SensorTrend, ...]:
    names = [sensor.name for sensor in profile.sensors]
    with_rul: dict[str, Any] = {}
    for origin, frame in (("seed", seed), ("synthetic", train)):
        columns = frame[["rul_hours", *names]]
        with_rul[f"pearson_{origin}"] = correlations(columns)[0, 1:]
        with_rul[f"spearman_{origin}"] = correlations(columns.rank())[0, 1:]
    for kind in ("pearson", "spearman"):
        with_rul[f"{kind}_difference"] = with_rul[f"{kind}_synthetic"] - with_rul[f"{kind}_seed"]
    return tuple(
        SensorTrend(
            name=sensor.name,
            unit=sensor.unit,
            **{field: _or_none(values[place]) for field, values in with_rul.items()},
        )
        for place, sensor in enumerate(profile.sensors)
    )


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
