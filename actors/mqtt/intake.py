"""Taking in the readings of messages: a batch is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from actors.mqtt.address import Pattern
from actors.mqtt.tally import Tally
from errors import InvalidInput, Problem
from events.bus import Send
from events.telemetry import take_in
from GAN.config.limits import MAX_BATCH_BYTES, MAX_BATCH_ROWS
from GAN.telemetry.batch import SentBatch
from GAN.telemetry.messages import read_message, too_large


class Message(NamedTuple):
    """A message that came.

    Attributes:
        id: Its number, which an acknowledgement repeats.
        connection: The number of the connection that it came by.
        size: Bytes of its payload.
        payload: The payload; empty if it is too large.
    """

    topic: str
    payload: bytes
    size: int
    qos: int
    id: int
    connection: int


@dataclass(frozen=True)
class Intake:
    """Takes messages in.

    Attributes:
        send: Sends jobs to the broker of the jobs.
        max_units: How many units a machine may have.
    """

    pattern: Pattern
    send: Send
    max_units: int
    tally: Tally

    def take(self, messages: Sequence[Message]) -> int:
        """Take messages in: as many as fit into one batch, from the first one on.

        A message that cannot be taken in is counted, and does not spoil the others.

        Returns:
            How many messages are done with.

        Raises:
            LedgerUnavailable: The database does not answer; the messages may be given again.
        """
        parts: list[SentBatch] = []
        rows = 0
        for message in messages:
            parts.append(self._read(message))
            rows += len(parts[-1].rows)
            if rows >= MAX_BATCH_ROWS:
                break
        self._take(parts)
        return len(parts)

    def _read(self, message: Message) -> SentBatch:
        place = f"topic {message.topic[:200]}"
        if message.size > MAX_BATCH_BYTES:
            return SentBatch([], problems=[too_large(message.size, place)])
        topic = self.pattern.read(message.topic)
        if topic is None:
            advice = f"an earlier subscription sent it; this listener takes {self.pattern.text}"
            return SentBatch([], problems=[Problem(place, "not the topic of a unit", advice)])
        return read_message(topic.machine, topic.unit, message.payload, place)

    def _take(self, parts: Sequence[SentBatch]) -> None:
        rows = [row for part in parts for row in part.rows]
        problems = [problem for part in parts for problem in part.problems]
        if not rows:
            self.tally.refused(problems, len(problems))
            return
        batch = SentBatch(rows, problems=problems)
        try:
            self.tally.took(take_in(batch, self.send, actor="mqtt", max_units=self.max_units))
        except InvalidInput as error:
            places = {row.place for row in rows} | {problem.path for problem in problems}
            each_was_refused = all(problem.path in places for problem in error.problems)
            if each_was_refused or len(parts) == 1:
                self.tally.refused(error.problems, len(rows) + len(problems))
                return
            # A machine would have too many units, and nothing was written: find the messages.
            self._take(parts[: len(parts) // 2])
            self._take(parts[len(parts) // 2 :])
