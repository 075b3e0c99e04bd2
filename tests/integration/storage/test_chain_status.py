"""The stored status of a chain, and that it is always what its jobs and events make of it."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from errors import StaleLease
from storage.database import database, is_sqlite
from storage.ledger import claims as claims_module
from storage.ledger import event_log, leases
from storage.ledger.claims import Claim
from storage.ledger.event_log import Effect, NewEvent, Subscription
from storage.operations import control
from storage.queries import machines
from storage.queries.events import EventRow, events
from storage.queries.jobs import JobRow
from storage.queries.jobs import jobs as all_jobs
from storage.settings import Settings
from storage.tables import ChainStatus
from tests.integration.conftest import add_machine

pytestmark = pytest.mark.usefixtures("ledger")

ONBOARDING, OTHER = "onboarding", "predictor"


def event(
    effect: Effect, *stages: str, chain: str = ONBOARDING, other: tuple[str, ...] = ()
) -> NewEvent:
    """An event of pump_1 with stages of the event's chain and of the other one."""
    return NewEvent(
        type="Test",
        machine_id="pump_1",
        payload={"stage": "x", "reason": "y"},
        correlation_id="c" * 32,
        chain=chain,
        effect=effect,
        subscriptions=[
            *(Subscription(stage, "default", chain) for stage in stages),
            *(Subscription(stage, "default", OTHER) for stage in other),
        ],
    )


def begin(*stages: str) -> list[int]:
    return [job.job_id for job in event_log.publish(event(Effect.BEGINS, *stages)).jobs]


def claimed(job_id: int) -> Claim:
    claim = claims_module.claim(job_id, "w", 1000)
    assert claim is not None
    return claim


def complete(job_id: int, outcome: NewEvent) -> list[int]:
    return [job.job_id for job in leases.complete(claimed(job_id), outcome, []).jobs]


def fail(job_id: int) -> None:
    leases.fail(claimed(job_id), "boom", event(Effect.FAILS), retryable=False)


def status(chain: str = ONBOARDING) -> tuple[str, int]:
    """Status and job of pump_1's chain."""
    row = ChainStatus.get(ChainStatus.machine == "pump_1", ChainStatus.chain == chain)
    return row.status, row.job_id


@pytest.fixture(autouse=True)
def machine(ledger: Settings) -> None:
    add_machine()


def test_it_follows_the_chains_jobs_to_its_end() -> None:
    (seed,) = begin("generate_seed")
    assert status() == ("pending", seed)
    claim = claimed(seed)
    assert status() == ("running", seed)
    leases.release(claim)
    assert status() == ("pending", seed)
    (train,) = complete(seed, event(Effect.CONTINUES, "train_tvae"))
    assert status() == ("pending", train)
    complete(train, event(Effect.ENDS))
    assert status() == ("complete", train)
    assert machines.machine("pump_1").status == "onboarded"


def test_a_job_that_nothing_follows_leaves_it_at_success() -> None:
    (seed,) = begin("generate_seed")
    complete(seed, event(Effect.CONTINUES))
    assert status() == ("success", seed)


def test_a_failed_branch_fails_the_chain_once_the_other_branch_is_done() -> None:
    left, right = begin("left", "right")
    fail(left)
    assert status() == ("pending", right)
    complete(right, event(Effect.CONTINUES))
    assert status() == ("failed", left)
    control.retry(left)
    complete(left, event(Effect.CONTINUES))
    assert status() == ("success", right)


def test_a_new_request_leaves_an_old_failure_behind() -> None:
    (seed,) = begin("generate_seed")
    fail(seed)
    assert status() == ("failed", seed)
    (again,) = begin("generate_seed")
    complete(again, event(Effect.CONTINUES))
    assert status() == ("success", again)


def test_a_notice_changes_nothing() -> None:
    (seed,) = begin("generate_seed")
    complete(seed, event(Effect.ENDS))
    event_log.publish(event(Effect.NOTICE))
    assert status() == ("complete", seed)


def test_a_cancelled_job_is_shown_until_it_is_retried() -> None:
    (seed,) = begin("generate_seed")
    control.cancel(seed)
    assert status() == ("cancelled", seed)
    control.retry(seed)
    assert status() == ("pending", seed)


def test_an_event_that_ends_one_chain_may_begin_another() -> None:
    (seed,) = begin("generate_seed")
    (predictor,) = complete(seed, event(Effect.ENDS, other=("train_predictor",)))
    assert status() == ("complete", seed)
    assert status(OTHER) == ("pending", predictor)
    fail(predictor)
    assert status(OTHER) == ("failed", predictor)
    assert status() == ("complete", seed)


def test_two_branches_that_end_at_once_leave_the_status_of_both() -> None:
    for _ in range(10):
        left, right = begin("left", "right")
        claims = [claimed(left), claimed(right)]

        def end(number: int, claims: list[Claim] = claims) -> None:
            if number:
                leases.complete(claims[1], event(Effect.CONTINUES), [])
            else:
                leases.fail(claims[0], "boom", event(Effect.FAILS), retryable=False)
            database.close()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(end, range(2)))
        assert status() == ("failed", left)


def derived(chain: str) -> tuple[str, int] | None:
    """The status of a chain from all its jobs and events, by the rule in words."""
    jobs = sorted((job for job in all_jobs() if job.chain == chain), key=lambda job: job.id)
    if not jobs:
        return None
    for job in reversed(jobs):
        if job.status in ("pending", "running"):
            return job.status, job.id
    newest = jobs[-1]
    if newest.status != "success":
        return newest.status, newest.id
    by_id = {one.id: one for one in events()}
    began = max((job.event_id for job in jobs if begins(by_id[job.event_id], chain)), default=0)
    for one in sorted(by_id.values(), key=lambda one: one.id, reverse=True):
        if one.chain == chain and one.id > began and decides(one, jobs):
            job_id = newest.id if one.job_id is None else one.job_id
            return ("complete" if one.effect == "ends" else "failed"), job_id
    return "success", newest.id


def begins(one: EventRow, chain: str) -> bool:
    return one.effect == "begins" or one.chain != chain


def decides(one: EventRow, jobs: list[JobRow]) -> bool:
    if one.effect == "fails":
        return all(job.status == "failed" for job in jobs if job.id == one.job_id)
    return one.effect == "ends"


@pytest.mark.parametrize("seed", range(6))
def test_after_any_course_of_events_it_is_what_jobs_and_events_make_of_it(seed: int) -> None:
    chance = random.Random(seed)
    claims: list[Claim] = []
    for _ in range(60):
        take_a_step(chance, claims)
        for chain in (ONBOARDING, OTHER):
            expected = derived(chain)
            stored = ChainStatus.get_or_none(
                ChainStatus.machine == "pump_1", ChainStatus.chain == chain
            )
            found = None if stored is None else (stored.status, stored.job_id)
            assert found == expected, f"{chain} on {'SQLite' if is_sqlite() else 'PostgreSQL'}"


def take_a_step(chance: random.Random, claims: list[Claim]) -> None:
    """Do one thing that users, workers or stewards do."""
    step = chance.choice(["begin", "claim", "claim", "end", "end", "end", "cancel", "retry"])
    any_job = chance.choice(all_jobs()).id if all_jobs() else None
    if step == "begin" or any_job is None:
        begin(*chance.sample(["a", "b", "c"], chance.randint(1, 2)))
    elif step == "claim":
        claim = claims_module.claim(any_job, "w", 1000)
        claims += [claim] if claim else []
    elif step == "cancel":
        control.cancel(any_job)
    elif step == "retry":
        control.retry(any_job)
    elif claims:
        claim = claims.pop(chance.randrange(len(claims)))
        try:
            end_somehow(chance, claim)
        except StaleLease:
            return  # It was cancelled meanwhile.


def end_somehow(chance: random.Random, claim: Claim) -> None:
    match chance.choice(["continue", "end", "fail", "give up", "crash", "release"]):
        case "continue":
            following = event(Effect.CONTINUES, *chance.choice([(), ("d",), ("d", "e")]))
            leases.complete(claim, following, [])
        case "end":
            leases.complete(claim, event(Effect.ENDS, other=("train_predictor",)), [])
        case "fail":
            leases.fail(claim, "x", event(Effect.FAILS), retryable=chance.random() < 0.3)
        case "give up":
            leases.conclude_failed(claim, "poor", event(Effect.FAILS), [])
        case "crash":
            leases.crash(claim, "killed", event(Effect.FAILS))
        case _:
            leases.release(claim)
