"""The width of intervals follows the errors on real units."""

from __future__ import annotations

import pandas as pd
import pytest

from GAN.prognosis.calibration import unit_errors, widened, widening
from GAN.prognosis.evaluation import evaluate
from GAN.prognosis.predictor import Predictor


def test_intervals_that_are_too_narrow_become_as_wide_as_the_errors_of_unseen_units(
    rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    units = unseen_lives["unit_id"]
    some, others = unseen_lives[units <= 6], unseen_lives[units > 6]
    narrow = widened(rig_predictor, 0.3)
    assert evaluate(narrow, others).coverage_90 < 0.7
    factor = widening(unit_errors(narrow, some))
    assert evaluate(widened(narrow, factor), others).coverage_90 > 0.85


def test_intervals_never_become_narrower_and_few_units_say_less() -> None:
    assert widening([0.1] * 50) == 1.0
    two, three, ten = (widening([1.0] * units) for units in (2, 3, 10))
    assert two > three > ten > 1.0
    assert ten == pytest.approx(1.17, abs=0.01)
