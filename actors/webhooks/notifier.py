"""The loop that sends what waits in the outbox. Any number of processes may run it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from actors.webhooks.sending import SEND_SECONDS, send
from errors import DeliveryFailed, LedgerUnavailable, NotFound
from storage.delivery import announcements, deliveries, webhooks
from storage.delivery.deliveries import Claimed
from storage.delivery.webhooks import MOST_WEBHOOKS, Receiver

#: Messages of one webhook that are sent at once.
PARALLEL = 2

#: Time between two looks into the outbox, seconds, and between two looks after silences.
PAUSE_SECONDS, LOOK_AFTER_SECONDS = 0.5, 5.0
_PRUNE_SECONDS = 3_600.0


class Notifier:
    """Sends the messages that are due.

    The threads only send; this object's thread alone uses the ledger.

    Args:
        private: Whether `http` and local addresses are allowed.
        seconds: How long sending a message may take.
    """

    def __init__(self, *, private: bool, seconds: float = SEND_SECONDS) -> None:
        self._private = private
        self._seconds = seconds
        # Enough for all webhooks, so that those that hang do not hold up the others.
        self._threads = ThreadPoolExecutor(MOST_WEBHOOKS * PARALLEL, thread_name_prefix="send")
        self._sending: dict[Future[None], Claimed] = {}
        self._wake = threading.Event()
        self._look_after_at = self._prune_at = 0.0
        self._troubled = False

    def run(self, stopping: threading.Event) -> None:
        """Send what is due until `stopping` is set; what is being sent then is waited for."""
        while not stopping.is_set():
            self._perform()
            self._wake.wait(PAUSE_SECONDS)
            self._wake.clear()
        self._threads.shutdown(wait=True)
        self._perform(last=True)

    def look(self) -> None:
        """Record what was sent, and begin to send what is due.

        Raises:
            LedgerUnavailable: The next call goes on.
        """
        self.record()
        now = time.monotonic()
        if now >= self._look_after_at:
            announcements.look_after()
            self._look_after_at = now + LOOK_AFTER_SECONDS
        if now >= self._prune_at:
            deliveries.prune()
            self._prune_at = now + _PRUNE_SECONDS
        busy = Counter(claimed.webhook_id for claimed in self._sending.values())
        for webhook_id in deliveries.webhooks_with_due():
            free = PARALLEL - busy[webhook_id]
            if free > 0:
                self._begin(webhook_id, free)

    @property
    def idle(self) -> bool:
        """Whether nothing is being sent."""
        return all(future.done() for future in self._sending)

    def record(self) -> None:
        """Record the outcome of what is no longer being sent."""
        for future in [future for future in self._sending if future.done()]:
            _record(self._sending[future], future)
            del self._sending[future]  # After it is recorded: the ledger may be away.

    def _begin(self, webhook_id: int, most: int) -> None:
        try:
            receiver = webhooks.receiver(webhook_id)
        except NotFound:  # It was removed meanwhile, with its messages.
            return
        for claimed in deliveries.claim(webhook_id, most):
            future = self._threads.submit(self._send, receiver, claimed)
            self._sending[future] = claimed
            future.add_done_callback(lambda _: self._wake.set())

    def _send(self, receiver: Receiver, claimed: Claimed) -> None:
        send(
            receiver,
            claimed.message_id,
            claimed.payload,
            private=self._private,
            seconds=self._seconds,
        )

    def _perform(self, *, last: bool = False) -> None:
        try:
            if last:
                self.record()
            else:
                self.look()
        except LedgerUnavailable as error:
            if not self._troubled:
                structlog.get_logger().warning("waiting", reason=str(error))
            self._troubled = True
        else:
            if self._troubled:
                structlog.get_logger().info("all is well again")
            self._troubled = False


def _record(claimed: Claimed, future: Future[None]) -> None:
    log = structlog.get_logger().bind(
        webhook=claimed.webhook_id, message=claimed.message_id, type=claimed.type
    )
    error = future.exception()
    if error is None:
        deliveries.record_sent(claimed)
        log.info("sent", attempt=claimed.attempt)
    elif isinstance(error, DeliveryFailed) and error.gone:
        deliveries.record_gone(claimed, str(error))
        log.warning("webhook disabled", reason=str(error))
    elif isinstance(error, DeliveryFailed):
        deliveries.record_failed(claimed, str(error))
        log.warning("not sent", reason=str(error), attempt=claimed.attempt)
    else:  # A bug; it must not keep other messages from being sent.
        deliveries.record_failed(claimed, f"unexpected {type(error).__name__}; see the log")
        log.error("bug", exc_info=error)
