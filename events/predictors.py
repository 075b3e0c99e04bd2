"""Which version of a predictor predicts, and asking it about all units again."""

from __future__ import annotations

from events.bus import new_correlation_id, new_event
from events.vocabulary import PredictionRequested, PredictorChosen
from storage.database import transaction
from storage.ledger import event_log, predictor_registry
from storage.ledger.claims import Claim
from storage.ledger.event_log import SYSTEM, Dispatch, NewEvent
from storage.ledger.predictor_registry import PredictorFacts
from storage.telemetry import labels, waiting
from storage.telemetry.labels import Learnable


def take_learnable(claim: Claim) -> Learnable:
    """The lives that a training learns from, and the version that it is compared with."""
    return labels.take(claim.machine_id)


def keep_predictor(claim: Claim, facts: PredictorFacts) -> list[NewEvent]:
    """Describe a new version; if it is live, it is asked about all units of the machine."""
    if not predictor_registry.describe(claim.job_id, facts):
        return []
    return _ask_again(claim.machine_id, claim.correlation_id, SYSTEM)


def choose(machine_id: str, version: int, actor: str) -> list[Dispatch]:
    """Make a version live, and ask it about all units of the machine.

    Returns:
        The jobs to send.

    Raises:
        NotFound: The machine has no such version.
    """
    correlation = new_correlation_id()
    with transaction():
        predictor_registry.choose(machine_id, version)
        chosen = PredictorChosen(machine_id=machine_id, version=version)
        events = [
            new_event(chosen, correlation, actor=actor),
            *_ask_again(machine_id, correlation, actor),
        ]
        return [job for event in events for job in event_log.append(event).jobs]


def request_predictions(machine_id: str, actor: str) -> list[Dispatch]:
    """Ask the live version about all units of a machine again.

    Returns:
        The jobs to send; none if the machine has no units, or no predictor.
    """
    with transaction():
        events = _ask_again(machine_id, new_correlation_id(), actor)
        return [job for event in events for job in event_log.append(event).jobs]


def _ask_again(machine_id: str, correlation_id: str, actor: str) -> list[NewEvent]:
    if not waiting.can_predict(machine_id):
        return []
    return [new_event(PredictionRequested(machine_id=machine_id), correlation_id, actor=actor)]
