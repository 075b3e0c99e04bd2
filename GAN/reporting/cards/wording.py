"""Texts that the cards of all machines share, as plain text."""

from __future__ import annotations

from GAN.datasets.provenance import SeedOrigin

TAGS = ["fleetforge", "predictive-maintenance", "remaining-useful-life", "synthetic", "tabular"]

#: Hugging Face's identifier for a licence that is not stated.
LICENCE = "unknown"

USES = (
    "building and testing software that predicts failures, before enough real failures are known",
    "a first training, or extra training rows, of models that are then tested on real failures",
    "teaching, demonstrations and load tests",
)

NOT_FOR = (
    "safety decisions, or decisions to run, stop or service a real machine",
    "certification, type approval, or any proof of compliance with a rule or standard",
    "warranty, insurance, or claims about how long a product lasts",
    "statements about the make and model it is named after: the maker may not have been involved",
    "measuring how well a model works on real machines: that needs measured failures",
)

LIMITS = (
    "Only the sensors, failure modes and lifetimes that the profile describes occur.",
    "Every unit runs until it fails: there are no repairs, no gaps and no faulty sensors.",
    "Noise and differences between units are learnt from few units, so rare behaviour is missing.",
)

FLEETFORGE_LICENCE = (
    "The model was made with SDV, which has the Business Source License 1.1: internal production "
    "use is allowed, selling synthetic data as a service is not."
)


def warning(what: str, origin: SeedOrigin) -> str:
    """A warning that the data are simulated.

    Args:
        what: Subject and verb of the first sentence, such as "These data are".
        origin: The seed.
    """
    learnt = "real data" if origin.is_real else "a simulation"
    if origin.is_real and origin.simulated_share > 0:
        learnt = "real data and a simulation"
    return (
        f"{what} simulated. No row was measured on a machine: each was drawn from a model that "
        f"was trained on {learnt}. A model trained on them may be wrong about real machines, and "
        "tests on these data cannot show where."
    )


def rights(origin: SeedOrigin) -> str:
    """Who owns the data or model, as far as Fleetforge can know."""
    owner = (
        "Fleetforge claims no rights in it. It belongs to the person or organisation that ran "
        "Fleetforge, who decides under which licence others may use it. Until then no licence is "
        "granted."
    )
    if not origin.is_real:
        return owner
    return (
        f"{owner} It was learnt from real data and may show some of their values: the owner of "
        "those data must agree, and it must be kept as confidential as they are."
    )
