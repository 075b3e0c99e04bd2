"""The model card: a Markdown file next to the pickle, with the same name."""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname, relpath

from GAN import files, layout
from GAN.datasets.columns import columns
from GAN.datasets.provenance import SeedOrigin
from GAN.profiles.profile import MachineProfile
from GAN.reporting.cards.markdown import bullets, escaped, front_matter, plain, table
from GAN.reporting.cards.model_metadata import training_block
from GAN.reporting.cards.wording import (
    FLEETFORGE_LICENCE,
    LICENCE,
    LIMITS,
    NOT_FOR,
    TAGS,
    USES,
    rights,
    warning,
)
from GAN.results import TrainingResult


def write_model_card(
    root: Path, profile: MachineProfile, trained: TrainingResult, number: int, origin: SeedOrigin
) -> None:
    """Write the card of a model that was just saved.

    Args:
        root: Folder of the artifacts.
        profile: The machine.
        trained: The model.
        number: Random seed of the training.
        origin: The seed data.
    """
    key = layout.model_card_key(profile.machine_id, trained.epochs)
    files.write_text(root / key, model_card(profile, trained, number, origin))


def model_card(
    profile: MachineProfile, trained: TrainingResult, number: int, origin: SeedOrigin
) -> str:
    """The card as Markdown."""
    name, sha256 = trained.path.name, files.sha256_of(trained.path)
    return f"""{_front_matter(profile, trained, origin)}
# {profile.machine_id}: model of run-to-failure data

> **Simulated data.** {warning("The data that it generates are", origin)}

A tabular variational autoencoder (TVAE) of {escaped(f"{profile.manufacturer} {profile.model}")}
that generates readings of the machine's sensors from new to failed. It does not predict anything
about a machine: it generates data on which predictive models can be trained.

## Check it before you load it

**The file is a pickle: loading it runs any code that its author put into it.** Load it only if you
made it, or if its SHA-256 matches one that you got from a source you trust:

`{sha256}`

A checksum protects you only if you got it separately from the file: this card may have been changed
together with the model. Fleetforge checks each model against its ledger.

    sha256sum {name}

## Load it

With Fleetforge, which generates whole lives (`GANManager.generate` does this):

```python
from pathlib import Path
from GAN.synthesis.machine_model import load
model = load(Path("{name}"))
```

With SDV alone:

```python
from sdv.utils import load_synthesizer
rows = load_synthesizer("{name}").sample(1000)["table"]
```

The difference: SDV samples single rows of a nominal unit, in random order, with the same noise at
every stage of life. Only Fleetforge generates lives, differences between units, and autocorrelated
noise.

## Columns

{_columns(profile)}

Time, unit and remaining useful life are not learnt: they follow from the lives that are planned
when data are generated. The sensors are those of a nominal unit.

## Training

{_training(profile, trained, number, origin)}

The seed: {escaped(origin.text)}

## Use

Intended for generating data for

{bullets(USES)}

Neither the model nor its data are for

{bullets(NOT_FOR)}

Limits of its data:

{bullets(LIMITS)}

It may contain original values of the seed data (quantiles of its columns), so treat it as
confidentially as the seed data.

## Licence

{rights(origin)} Then fill in `license` above.

{FLEETFORGE_LICENCE}
"""


def _front_matter(profile: MachineProfile, trained: TrainingResult, origin: SeedOrigin) -> str:
    return front_matter(
        {
            "model_name": plain(f"TVAE of {profile.manufacturer} {profile.model}"),
            "license": LICENCE,
            "library_name": "sdv",
            "tags": [*TAGS, "tvae", profile.machine_type],
            "training": training_block(trained, origin.rows),
        }
    )


def _columns(profile: MachineProfile) -> str:
    rows = [["`life_fraction`", "", "share of its life that the unit has behind it, 0 to 1"]]
    rows += [
        [f"`{column.name}`", escaped(column.unit), escaped(column.meaning)]
        for column in columns(profile)
        if column.name not in ("unit_id", "cycle_hour", "rul_hours")
    ]
    return table(["column", "unit", "meaning"], rows)


def _training(
    profile: MachineProfile, trained: TrainingResult, number: int, origin: SeedOrigin
) -> str:
    machine_id = profile.machine_id
    folder = dirname(layout.model_card_key(machine_id, trained.epochs))
    data_card = relpath(layout.data_card_key(machine_id), folder)
    facts = {
        "epochs": str(trained.epochs),
        "time": f"{trained.training_time_seconds:.1f} s on {trained.device}",
        "mean loss of the last epoch": f"{trained.final_loss:.4f} nats a row",
        "random seed": str(number),
        "rows": f"{origin.rows:,}",
        "units": str(origin.units),
        "SHA-256 of the seed": f"`{origin.sha256}`",
        "SHA-256 of the profile": f"`{profile.sha256}`",
        "generated data": f"[data card]({data_card})",
    }
    return table(["what", "value"], [list(fact) for fact in facts.items()])
