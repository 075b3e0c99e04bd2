"""What holds for a job whatever happens to it, in whatever order."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from errors import StaleLease
from storage.database import database, open_database, transaction
from storage.ledger import claims as claims_module
from storage.ledger import leases
from storage.ledger.claims import Claim
from storage.ledger.leases import MAX_ATTEMPTS, MAX_CRASHES
from storage.operations import control
from storage.queries import jobs
from storage.schema import upgrade
from storage.settings import Settings
from storage.tables import Event, Job
from tests.integration.conftest import add_event, add_machine, failed, finished


class JobLife(RuleBasedStateMachine):
    """Workers, stewards and operators act on one job at random; some workers are zombies."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        open_database(Settings(home=Path(self._folder.name)))
        upgrade()
        add_machine()
        self.job_id = add_event().jobs[0].job_id
        self.token = 0
        self.completions = 0
        self.retries = 0

    def teardown(self) -> None:
        database.close()
        self._folder.cleanup()

    @rule(target=claims)
    def claim(self) -> Claim | None:
        with transaction():
            Job.update(due_at=0).where(Job.id == self.job_id).execute()
        before = jobs.job(self.job_id).status
        claim = claims_module.claim(self.job_id, "w", 30)
        assert (claim is not None) == (before == "pending")
        return claim

    @rule(claim=claims, how=st.sampled_from(["complete", "fail", "crash", "release", "renew"]))
    def worker_acts(self, claim: Claim | None, how: str) -> None:
        if claim is None:
            return
        job = jobs.job(self.job_id)
        holds = job.status == "running" and job.token == claim.token
        try:
            match how:
                case "complete":
                    leases.complete(claim, finished(), [])
                    self.completions += 1
                case "fail":
                    leases.fail(claim, "x", failed(), retryable=True)
                case "crash":
                    leases.crash(claim, "x", failed())
                case "release":
                    leases.release(claim)
                case "renew":
                    leases.renew(claim, 30)
        except StaleLease:
            assert not holds
        else:
            assert holds

    @rule()
    def worker_goes_silent_and_the_steward_looks(self) -> None:
        with transaction():
            Job.update(lease_until=1).where(Job.status == "running").execute()
        for claim in claims_module.expired():
            leases.crash(claim, "silent", failed(), lease_expired=True)

    @rule()
    def operator_cancels(self) -> None:
        control.cancel(self.job_id)

    @rule()
    def operator_retries(self) -> None:
        if control.retry(self.job_id) is not None:
            self.retries += 1

    @invariant()
    def the_stage_counts_at_most_once(self) -> None:
        effects = Event.select().where(Event.type == "SeedReady").count()
        assert effects == self.completions <= 1

    @invariant()
    def tokens_only_grow(self) -> None:
        token = jobs.job(self.job_id).token
        assert token >= self.token
        self.token = token

    @invariant()
    def a_running_job_has_a_lease_and_no_other_job_has(self) -> None:
        job = jobs.job(self.job_id)
        assert (job.lease_until is not None) == (job.status == "running")

    @invariant()
    def tries_are_bounded_and_an_end_is_always_announced(self) -> None:
        job = jobs.job(self.job_id)
        assert job.attempts <= MAX_ATTEMPTS
        assert job.crashes <= MAX_CRASHES
        announced = Event.select().where(Event.type == "StageFailed").count()
        assert announced <= self.retries + 1
        if job.status == "failed":
            assert announced >= 1


JobLife.TestCase.settings = hypothesis_settings(
    max_examples=40, stateful_step_count=25, deadline=None
)
test_job_life = JobLife.TestCase
