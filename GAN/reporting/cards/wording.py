"""What cards say of every machine, in plain text."""

from __future__ import annotations

from GAN.datasets.provenance import SeedOrigin

TAGS = ["fleetforge", "predictive-maintenance", "remaining-useful-life", "synthetic", "tabular"]

#: Hugging Face's identifier for a licence that is not stated.
LICENCE = "unknown"

USES = (
    "building and trying out software that predicts failures, before enough real ones are known",
    "a first training, or more rows for one, of models that are then judged on real failures",
    "teaching, demonstrations and load tests",
)

NOT_FOR = (
    "safety decisions, or running, stopping or servicing a real machine on the strength of it",
    "certification, type approval, or any proof that a rule or standard is kept",
    "warranty, insurance, or a claim about how long a product lasts",
    "statements about the make and model it is named after: their maker may have had no part in it",
    "judging how well a model does on real machines: that takes failures that were measured",
)

LIMITS = (
    "Only the sensors, failure modes and lengths of life that the profile describes occur.",
    "Every unit runs until it fails: there are no repairs, no gaps and no faulty sensors.",
    "Noise and levels are learnt from few units, so rare behaviour is missing.",
)

FLEETFORGE_LICENCE = (
    "SDV, with which the model was made, is under the Business Source License 1.1: internal "
    "production use is fine, selling synthetic data as a service is not."
)


def warning(what: str, origin: SeedOrigin) -> str:
    """Says that it is no measurement.

    Args:
        what: What is simulated, with its verb: "These data are".
        origin: The seed.
    """
    learnt = "real data" if origin.is_real else "a simulation"
    if origin.is_real and origin.simulated_share > 0:
        learnt = "real data and a simulation"
    return (
        f"{what} simulated. No row was measured on a machine: each was drawn from a model that "
        f"was trained on {learnt}. What a model learns from them may be wrong about real machines "
        "in ways that they cannot show."
    )


def rights(origin: SeedOrigin) -> str:
    """Whose it is, as far as Fleetforge can know."""
    owner = (
        "Fleetforge claims no rights in it: it belongs to whoever ran Fleetforge, who has to say "
        "under which licence others may use it. Until then no licence is granted."
    )
    if not origin.is_real:
        return owner
    return (
        f"{owner} It was learnt from real data and may show some of their values: whoever owns "
        "those data has a say, and it is to be kept as confidential as they are."
    )
