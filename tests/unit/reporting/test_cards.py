"""The cards of data and models, and the description of the sets, also of a hostile profile."""

from __future__ import annotations

import json
import logging
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import mlcroissant
import pandas as pd
import pytest

from GAN import layout
from GAN.importing.columns import choose_columns
from GAN.manager import GANManager
from GAN.profiles.profile import MachineProfile
from tests.unit.conftest import RIG, RIG_SAMPLES
from tests.unit.reporting.card_files import (
    ID,
    MODEL,
    cells,
    croissant_file,
    data_card,
    links,
    model_card,
    parsed,
    sha256,
    split_card,
)

#: Tries to get out of a cell, a line, the front matter, code and a page's script.
HOSTILE = (
    "X | cell\n---\nlicense: mit\n---\n# Approved for safety <script>alert(1)</script>\n\n"
    "[free](http://evil.example) ![i](http://evil.example/i.png) `code` **bold** </script> "
    "\u202egnp.exe\u2028- item &lt; $x$ \\| <!-- {{ ' \" : #"
)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory, rig: MachineProfile) -> Path:
    root = tmp_path_factory.mktemp("simulated")
    GANManager(root).create_seed(rig, rows=1_000, seed=3)
    return modelled(root, rig)


def modelled(root: Path, profile: MachineProfile) -> Path:
    """The folder, once there are a model of the seed in it and sets."""
    manager = GANManager(root)
    manager.train(profile, epochs=2, seed=4)
    manager.generate(profile, samples=RIG_SAMPLES, seed=5)
    return root


def imported(root: Path, profile: MachineProfile, seed: pd.DataFrame, share: float) -> Path:
    """The same from real data, with a share of simulated rows."""
    file = root / "runs.csv"
    seed.to_csv(file, index=False)
    columns = choose_columns(seed, {}, profile).columns
    GANManager(root).import_seed(profile, file, columns, physics_share=share)
    return modelled(root, profile)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cards of a machine whose every free text is hostile."""
    vibration, *others = RIG["sensors"]
    profile = MachineProfile.model_validate(
        {
            **RIG,
            "manufacturer": HOSTILE[:200],
            "model": HOSTILE[-200:],
            "description": HOSTILE,
            "sensors": [{**vibration, "source": HOSTILE[:300]}, *others],
        }
    )
    root = tmp_path_factory.mktemp("hostile")
    GANManager(root).create_seed(profile, rows=1_000, seed=3)
    return modelled(root, profile)


class TestDataCard:
    def test_its_front_matter_has_the_splits_for_hugging_face(self, simulated: Path) -> None:
        head, _ = split_card(data_card(simulated))
        assert head["license"] == "unknown"
        assert "synthetic" in head["tags"]
        (config,) = head["configs"]
        folder = (simulated / layout.data_card_key(ID)).parent
        assert [one["split"] for one in config["data_files"]] == ["train", "validation", "test"]
        assert all((folder / one["path"]).is_file() for one in config["data_files"])

    def test_it_says_what_every_column_is(self, simulated: Path, rig: MachineProfile) -> None:
        shown = cells(split_card(data_card(simulated))[1])
        train = pd.read_parquet(simulated / layout.split_key(ID, "train"))
        assert set(train.columns) <= set(shown)
        assert (
            "vibration velocity, RMS; 1.5 to 3 when healthy; rising to 7.1 at failure in failure "
            "mode bearing; possible from 0 to 9.1"
        ) in shown
        assert {sensor.unit for sensor in rig.sensors} <= set(shown)

    def test_it_says_how_the_data_were_made(self, simulated: Path, rig: MachineProfile) -> None:
        card = data_card(simulated)
        assert "1,000 rows of 4 units, all simulated" in card
        assert "(random seed 3)" in card
        assert "for 2 epochs" in card
        assert "(random seed 5)" in card
        assert rig.sha256 in card
        assert sha256(simulated / MODEL) in card
        assert sha256(simulated / layout.split_key(ID, "val")) in card
        assert {"3,000", "700", "650"} <= set(cells(card))

    def test_it_warns_that_the_data_are_simulated_and_what_they_are_not_for(
        self, simulated: Path
    ) -> None:
        _, body = split_card(data_card(simulated))
        assert body.index("**Simulated data.** These data are simulated.") < body.index("## Sets")
        for word in ("safety decisions", "certification", "warranty"):
            assert body.index("Not for") < body.index(word)
        assert "belongs to the person or organisation that ran Fleetforge" in body

    def test_its_links_lead_to_the_files(self, simulated: Path) -> None:
        folder = (simulated / layout.data_card_key(ID)).parent
        targets = {(folder / link).resolve() for link in links(data_card(simulated))}
        page = simulated / layout.page_key(ID)
        assert page in targets
        assert all(target.is_file() for target in targets - {page})


class TestModelCard:
    def test_it_is_next_to_its_model_with_the_same_name(self, simulated: Path) -> None:
        card = simulated / layout.model_card_key(ID, 2)
        assert card.with_suffix(".pkl") == simulated / MODEL
        head, _ = split_card(card.read_text())
        assert (head["library_name"], head["license"]) == ("sdv", "unknown")

    def test_it_says_to_check_the_sha256_before_the_pickle_is_loaded(self, simulated: Path) -> None:
        card = model_card(simulated)
        assert card.index(sha256(simulated / MODEL)) < card.index("## Load it")
        assert "is a pickle" in card

    def test_it_says_how_the_training_went(self, simulated: Path, rig: MachineProfile) -> None:
        shown = cells(model_card(simulated))
        facts = dict(pairwise(shown))
        assert (facts["epochs"], facts["rows"], facts["units"]) == ("2", "1,000", "4")
        assert facts["random seed"] == "4"
        assert re.fullmatch(r"\d+\.\d s on cpu", facts["time"])
        assert re.fullmatch(r"-?\d+\.\d{4} nats a row", facts["mean loss of the last epoch"])
        assert facts["SHA-256 of the profile"] == rig.sha256
        assert facts["SHA-256 of the seed"] == sha256(simulated / layout.seed_key(ID))
        assert {"life_fraction", "failure_mode", "ambient"} <= set(shown)

    def test_its_code_loads_the_model(
        self, simulated: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir((simulated / MODEL).parent)
        code = [t.content for t in parsed(model_card(simulated)) if t.type == "fence"]
        names: dict[str, Any] = {}
        for block in code:
            exec(block, names)
        assert names["model"].features[:2] == ["life_fraction", "failure_mode"]
        assert len(names["rows"]) == 1_000


class TestCroissant:
    def test_it_is_valid_without_a_warning(
        self, simulated: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING):
            metadata = mlcroissant.Dataset(str(croissant_file(simulated))).metadata
        assert metadata.ctx.issues.report() == ""
        assert [record.message for record in caplog.records] == []
        assert metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"

    def test_it_has_the_size_and_the_checksum_of_every_file(self, simulated: Path) -> None:
        metadata = mlcroissant.Dataset(str(croissant_file(simulated))).metadata
        paths = {f"{split}.parquet": layout.split_key(ID, split) for split in layout.SPLITS}
        assert {one.id for one in metadata.file_objects} == set(paths)
        for one in metadata.file_objects:
            path = simulated / paths[one.id]
            assert one.sha256 == sha256(path)
            assert one.content_size == f"{path.stat().st_size} B"

    def test_the_records_of_a_split_are_the_rows_of_its_file(
        self, simulated: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        dataset = mlcroissant.Dataset(str(croissant_file(simulated)))
        with caplog.at_level(logging.WARNING):
            found = pd.DataFrame(dataset.records("lives", filters={"lives/split": "val"}))
        assert [record.message for record in caplog.records] == []
        found.columns = found.columns.str.removeprefix("lives/")
        assert set(found.pop("split")) == {b"val"}
        found["failure_mode"] = found["failure_mode"].str.decode("ascii")
        written = pd.read_parquet(simulated / layout.split_key(ID, "val"))
        pd.testing.assert_frame_equal(found, written, check_dtype=False)

    def test_without_a_split_the_records_are_all_rows(self, simulated: Path) -> None:
        dataset = mlcroissant.Dataset(str(croissant_file(simulated)))
        counts = pd.DataFrame(dataset.records("lives"))["lives/split"].value_counts()
        assert {name.decode(): count for name, count in counts.items()} == RIG_SAMPLES

    def test_each_field_has_its_unit(self, simulated: Path, rig: MachineProfile) -> None:
        (_, lives) = json.loads(croissant_file(simulated).read_text())["recordSet"]
        units = {field["@id"]: field.get("unitText") for field in lives["field"]}
        assert units["lives/rul_hours"] == "h"
        assert units["lives/unit_id"] is None
        assert all(units[f"lives/{sensor.name}"] == sensor.unit for sensor in rig.sensors)

    def test_it_says_what_the_data_are_not_for(self, simulated: Path) -> None:
        metadata = mlcroissant.Dataset(str(croissant_file(simulated))).metadata
        assert metadata.data_limitations[0].startswith("These data are simulated.")
        assert any("certification" in text for text in metadata.data_limitations)


@pytest.mark.parametrize(
    ("share", "said", "learnt_from"),
    [
        (0.0, "2,000 rows of 4 units: 2,000 rows of 4 units are real data", "real data."),
        (0.5, "2,000 rows of 4 units are real data", "real data and a simulation."),
    ],
)
def test_a_seed_of_real_data_is_named_as_such(
    rig: MachineProfile,
    rig_seed: pd.DataFrame,
    tmp_path: Path,
    share: float,
    said: str,
    learnt_from: str,
) -> None:
    root = imported(tmp_path, rig, rig_seed, share)
    croissant = json.loads(croissant_file(root).read_text())
    for text in (data_card(root), model_card(root), croissant["rai:dataCollection"]):
        assert said in text
        assert f"{100 * share:.1f} % of the rows are simulated" in text
        assert sha256(root / "runs.csv") in text
    for text in (data_card(root), model_card(root), croissant["description"]):
        assert f"a model that was trained on {learnt_from}" in text
    for text in (data_card(root), model_card(root), croissant["license"]["description"]):
        assert "may show some of their values" in text


def test_sets_of_a_model_are_of_the_seed_that_it_learnt_not_of_a_newer_one(
    rig: MachineProfile, rig_seed: pd.DataFrame, tmp_path: Path
) -> None:
    """A user must be able to rely on it to know whether the sets contain real data."""
    root = imported(tmp_path, rig, rig_seed, 0.0)
    GANManager(root).create_seed(rig, rows=1_000, seed=3)
    GANManager(root).generate(rig, samples=RIG_SAMPLES, seed=6)
    assert "2,000 rows of 4 units are real data" in data_card(root)
    assert "all simulated" not in data_card(root)


def test_the_model_card_names_what_was_found_in_the_lives(
    rig: MachineProfile, rig_seed: pd.DataFrame, tmp_path: Path
) -> None:
    name = rig.sensors[0].name
    counting = rig_seed.assign(**{name: rig_seed.groupby("unit_id")[name].cummax()})
    root = imported(tmp_path, rig, counting, 0.0)
    assert f"- {name}: never falls within a life\n" in model_card(root)


class TestHostileProfile:
    def test_it_changes_nothing_in_the_structure_of_the_cards(
        self, hostile: Path, simulated: Path
    ) -> None:
        for card in (data_card, model_card):
            ours, theirs = (split_card(card(folder)) for folder in (simulated, hostile))
            assert list(theirs[0]) == list(ours[0])
            assert theirs[0]["license"] == "unknown"
            kinds = [{token.type for token in parsed(body)} for _, body in (ours, theirs)]
            assert kinds[1] == kinds[0]
            headings = [body.count("\n#") for _, body in (ours, theirs)]
            assert headings[1] == headings[0]
            assert len(links(theirs[1])) == len(links(ours[1]))

    def test_readers_see_it_as_it_is(self, hostile: Path) -> None:
        shown = cells(split_card(data_card(hostile))[1])
        description = shown[shown.index("description") + 1]
        assert description == " ".join(HOSTILE.replace("\u202e", "").split())
        assert "\u202e" not in data_card(hostile) + model_card(hostile)

    def test_the_croissant_metadata_stay_valid_and_fit_into_a_page(self, hostile: Path) -> None:
        path = croissant_file(hostile)
        assert "<" not in path.read_text()
        metadata = mlcroissant.Dataset(str(path)).metadata
        assert "<script>alert(1)</script>" in metadata.description
