from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html.parser import HTMLParser

import pandas as pd
import pytest

from GAN.config.quality_gates import GATES
from GAN.datasets.real_units import RealUnits
from GAN.evaluation.assessment import assess
from GAN.evaluation.comparison import compare
from GAN.evaluation.gates import Light
from GAN.evaluation.quality_report import QualityReport
from GAN.profiles.profile import MachineProfile
from GAN.reporting.page import report_page
from GAN.simulation.physics import physics_seed
from tests.unit.conftest import RIG, Training

Sets = dict[str, pd.DataFrame]

#: Bytes of a page at most.
LARGEST = 250_000
HOSTILE = (
    '"><img src=x onerror=alert(1)></p></style><script>alert(2)</script> {{ 7 * 7 }} & \u202egnp'
)


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def with_tag(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for found, attributes in self.elements if found == tag)


@pytest.fixture(scope="module")
def report(rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets) -> QualityReport:
    """Of sets that do not pass: the validation set has units of the train set."""
    spoilt = {**rig_synthetic, "val": rig_synthetic["train"].head(500)}
    return assess(rig_seed, spoilt, rig)


@pytest.fixture(scope="module")
def html(report: QualityReport, rig: MachineProfile, rig_training: Training) -> str:
    return report_page(report, rig_training.model.loss_history, rig)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture
def honest(rig: MachineProfile) -> Sets:
    """Other units of the same machine."""
    sets = {}
    for index, split in enumerate(("train", "val", "test")):
        frame = physics_seed(rig, 2_000, seed=50 + index)
        sets[split] = frame.assign(unit_id=frame["unit_id"] + 100 * index)
    return sets


def only_text_and_drawings(page: Page) -> bool:
    """Whether nothing in a page can run, load or restyle anything."""
    tags = {tag for tag, _ in page.elements}
    names = {name for _, attributes in page.elements for name in attributes}
    loading = {"script", "link", "img", "iframe", "object", "use", "a", "form", "image"}
    acting = {name for name in names if name.startswith("on")} | {"style", "src", "href", "id"}
    return not tags & loading and not names & acting


def test_the_page_has_no_script_and_loads_nothing(html: str, page: Page) -> None:
    assert only_text_and_drawings(page)
    assert "url(" not in html
    assert "@import" not in html


def test_its_policy_allows_its_style_sheet_and_nothing_else(html: str, page: Page) -> None:
    (style,) = [part.partition("</style>")[0] for part in html.split("<style>")[1:]]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [one["content"] for one in page.with_tag("meta") if "http-equiv" in one]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_the_verdict_comes_first_in_one_sentence(page: Page) -> None:
    text = page.text
    assert text.index("Not good enough: the sets were rejected.") < text.index(
        "units are in more than one set"
    )
    assert text.index("units are in more than one set") < text.index("What the verdict is based on")


def test_each_gate_is_a_question_with_its_answer_number_and_bar(
    page: Page, report: QualityReport
) -> None:
    sentences = {drawing["aria-label"] or "" for drawing in page.with_tag("svg")}
    for gate in report.gates:
        assert gate.question in page.text
        assert GATES[gate.metric].why in page.text
        if gate.light is Light.UNKNOWN:
            assert f"{gate.question} Not judged {GATES[gate.metric].why}" in page.text
            continue
        assert f"{gate.answer.capitalize()}: {gate.number}" in page.text
        assert any(
            sentence.startswith(f"{gate.question} {gate.answer.capitalize()}: {gate.number}.")
            for sentence in sentences
        )
    assert "Are there impossible values or lives? Yes: " in page.text


def test_a_value_to_compare_with_is_shown_where_the_report_has_one(
    page: Page, report: QualityReport
) -> None:
    gates = {gate.metric: gate for gate in report.gates}
    fresh = gates["rows_c2st_auc"].reference
    assert fresh is not None
    assert f"Fresh units: {fresh.value:.2f}." in page.text
    assert "Known lives alone: 1.00." in page.text
    assert gates["range_coverage"].reference is None


def test_every_drawing_has_a_sentence_in_place_of_it(
    page: Page, report: QualityReport, rig: MachineProfile
) -> None:
    drawings = list(page.with_tag("svg"))
    # Bars, distributions with that of RUL, lives, the matrix, the sets and the loss.
    bars = len(GATES) - report.unjudged
    assert len(drawings) == bars + (len(rig.sensors) + 1) + len(rig.sensors) + 3
    for drawing in drawings:
        assert drawing["role"] == "img"
        assert (drawing["aria-label"] or "").endswith((".", "?"))


def test_sensors_that_differ_most_come_first(page: Page, report: QualityReport) -> None:
    section = page.text.split("Sensors, the most different first")[1]
    shown = [section.index(f"{shape:.3f} alike") for shape in ordered_shapes(report)]
    assert shown == sorted(shown)


def ordered_shapes(report: QualityReport) -> list[float]:
    shapes = report.rows.column_shapes
    return sorted(shape for name, shape in shapes.items() if name != "failure_mode")


def test_the_score_that_decides_nothing_is_not_shown(
    report: QualityReport, rig: MachineProfile, rig_training: Training
) -> None:
    rows = report.rows.model_copy(update={"quality_score": 0.4321})
    scored = report.model_copy(update={"rows": rows})
    page = Page(report_page(scored, rig_training.model.loss_history, rig))
    assert "SDMetrics" not in page.text
    assert "0.432" not in page.text


def test_text_of_users_is_text(
    report: QualityReport, rig: MachineProfile, rig_training: Training
) -> None:
    hostile = {**RIG, "manufacturer": HOSTILE[:150], "model": "{% x %}", "description": HOSTILE}
    profile = rig.model_validate(hostile)
    spoilt = report.model_copy(update={"reasons": (HOSTILE,), "notes": (HOSTILE,)})
    page = Page(report_page(spoilt, rig_training.model.loss_history, profile))
    assert only_text_and_drawings(page)
    assert page.text.count(HOSTILE) == 4
    assert "{% x %}" in page.text


def test_a_set_that_passed_says_so(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    report = assess(rig_seed, honest, rig)
    text = Page(report_page(report, [3.0, 2.0], rig)).text
    assert report.verdict == "Good enough to train a RUL model on."
    assert report.verdict in text
    assert report.worth is not None
    assert f"With synthetic lives: {report.worth.text}." in text


def test_a_set_that_could_only_be_judged_in_part_says_so_at_once(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    one = rig_seed[rig_seed["unit_id"] == 1].reset_index(drop=True)
    mode = one["failure_mode"].iloc[0]
    sets = {split: frame[frame["failure_mode"] == mode] for split, frame in honest.items()}
    report = assess(one, sets, rig, RealUnits(one, None))
    page = Page(report_page(report, [3.0, 2.0], rig))
    assert "Good enough to train a RUL model on, but 5 questions not judged." in page.text
    assert [gate.answer for gate in report.gates].count("not judged") == 5
    bars = [
        drawing for drawing in page.with_tag("svg") if "Good is" in (drawing["aria-label"] or "")
    ]
    judged = [gate for gate in report.gates if gate.light is not Light.UNKNOWN]
    assert len(bars) == len(judged) == len(GATES) - 5


def test_every_fault_is_counted_for_every_set(page: Page, report: QualityReport) -> None:
    check = report.splits["test"].model_copy(update={"missing": 3, "broken_lives": 2})
    counts = [count for count, _ in check.faults()]
    assert counts == [3, 0, 0, 0, 2]
    assert [fault for _, fault in check.violations()] == [
        "missing values",
        "lives whose RUL does not fall evenly to 0",
    ]
    for kind in zip(*(each.faults() for each in report.splits.values()), strict=True):
        counts = "".join(str(count) for count, _ in kind)
        assert f"{kind[0][1]}{counts}" in page.text


def test_a_report_of_version_0_1_has_a_page_without_plots_of_readings(
    report: QualityReport, rig: MachineProfile
) -> None:
    old = report.model_copy(update={"comparison": None})
    page = Page(report_page(old, [3.0, 2.0], rig))
    assert report.verdict in page.text
    assert len(list(page.with_tag("svg"))) == len(GATES) - report.unjudged + 2
    assert "the most different first" not in page.text


def test_a_real_report_is_small(html: str) -> None:
    assert len(html.encode()) < LARGEST


def test_fifty_sensors_with_long_names_stay_small(report: QualityReport) -> None:
    names = [f"{'v' * 50}_{index}" for index in range(50)]
    sensors = [{**RIG["sensors"][0], "name": name} for name in names]
    modes = [{"name": "b" * 60, "sensors": names[:1]}]
    profile = MachineProfile.model_validate({**RIG, "sensors": sensors, "failure_modes": modes})
    seed = physics_seed(profile, 4_000)
    # The verdict of another machine will do: scoring 1,275 pairs of columns takes long.
    trend, check = report.sensors[0], report.splits["train"]
    shapes = dict.fromkeys(["rul_hours", *names], 1.0)
    wide = report.model_copy(
        update={
            "rows": report.rows.model_copy(update={"column_shapes": shapes}),
            "sensors": tuple(trend.model_copy(update={"name": name}) for name in names),
            "splits": {"train": check.model_copy(update={"failure_modes": {"b" * 60: 1}})},
            "comparison": compare(seed, seed, seed, seed, profile),
        }
    )
    assert len(report_page(wide, [0.0] * 1_000, profile).encode()) < LARGEST
