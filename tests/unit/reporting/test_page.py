from __future__ import annotations

import re
from html import escape

import pandas as pd
import pytest
from plotly.offline import get_plotlyjs

from GAN.config.quality_gates import GATES
from GAN.evaluation.assessment import assess
from GAN.profiles.profile import MachineProfile
from GAN.reporting.page import report_page
from GAN.simulation.physics import fresh_units, physics_seed
from tests.unit.conftest import RIG, Training

Sets = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def page(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets, rig_training: Training
) -> str:
    spoilt = {**rig_synthetic, "val": rig_synthetic["train"].head(500)}
    report = assess(rig_seed, spoilt, rig, fresh_units(rig))
    return report_page(report, rig_seed, rig_synthetic, rig_training.model.loss_history, rig)


@pytest.fixture
def honest(rig: MachineProfile) -> Sets:
    """Other units of the same machine."""
    sets = {}
    for index, split in enumerate(("train", "val", "test")):
        frame = physics_seed(rig, 2_000, seed=50 + index)
        sets[split] = frame.assign(unit_id=frame["unit_id"] + 100 * index)
    return sets


def without_plotly(page: str) -> str:
    assert get_plotlyjs() in page
    return page.replace(get_plotlyjs(), "")


def test_the_page_needs_no_network(page: str) -> None:
    own = without_plotly(page)
    assert not re.search(r"https?://|\bsrc=|<link|@import|url\(", own)


def test_what_the_profile_says_is_text_not_markup(page: str) -> None:
    assert "Rig &lt;Works&gt; &amp; Sons TR-1" in page
    assert "<Works>" not in page


def test_the_verdict_comes_first(page: str) -> None:
    body = page[page.index("<body>") :]
    assert body.index("<b>Not passed</b>") < body.index('class="light') < body.index("<li>")
    assert body.index("units are in more than one set") < body.index("<h2>")


def test_each_gate_has_its_light_its_limits_and_its_reason(page: str) -> None:
    own = without_plotly(page)
    assert own.count('<span class="light ') == len(GATES)
    assert 'class="light poor"' in own
    assert 'class="light good"' in own
    for limits in GATES.values():
        assert escape(limits.title) in own
        assert escape(limits.why) in own


def test_every_plot_and_every_sensor_is_there(page: str, rig: MachineProfile) -> None:
    for plot in ("loss", "distributions", "correlations", "lives", "autocorrelation"):
        assert f'id="{plot}"' in page
    for sensor in rig.sensors:
        assert f"<td>{sensor.name}</td>" in page
        assert f"{sensor.name} [{sensor.unit}]" in page.replace("\\u002f", "/")


def test_a_set_that_passed_says_so(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    report = assess(rig_seed, honest, rig, fresh_units(rig))
    page = without_plotly(report_page(report, rig_seed, honest, [3.0, 2.0], rig))
    assert "<b>Passed</b>" in page
    assert "Not passed" not in page
    assert "PHM08" in page


def test_a_set_that_could_only_be_judged_in_part_says_so_at_once(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    one = rig_seed[rig_seed["unit_id"] == 1].reset_index(drop=True)
    mode = one["failure_mode"].iloc[0]
    sets = {split: frame[frame["failure_mode"] == mode] for split, frame in honest.items()}
    report = assess(one, sets, rig)
    page = without_plotly(report_page(report, one, sets, [3.0, 2.0], rig))
    assert f"<b>Passed, 4 of {len(GATES)} metrics not judged</b>" in page
    assert 'class="verdict open"' in page


def test_fifty_sensors_stay_below_seven_megabytes(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets
) -> None:
    sensors = [{**RIG["sensors"][0], "name": f"vibration_{index}"} for index in range(50)]
    modes = [{"name": "bearing", "sensors": ["vibration_0"]}]
    profile = MachineProfile.model_validate({**RIG, "sensors": sensors, "failure_modes": modes})
    seed = physics_seed(profile, 4_000)
    sets = dict.fromkeys(("train", "val", "test"), seed)
    # The verdict of another machine will do: scoring 1,275 pairs of columns takes long.
    report = assess(rig_seed, rig_synthetic, rig)
    names = [sensor.name for sensor in profile.sensors]
    trends = tuple(report.sensors[0].model_copy(update={"name": name}) for name in names)
    rows = report.rows.model_copy(update={"column_shapes": dict.fromkeys(names, 1.0)})
    wide = {"rows": rows, "sensors": trends}
    page = report_page(report.model_copy(update=wide), seed, sets, [0.0] * 1_000, profile)
    assert len(page.encode()) < 7_000_000
