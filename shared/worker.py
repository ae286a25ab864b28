"""The frame of every queue worker's handler: envelope, message, use case, partial failures, log line, metric."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from shared.errors import NotFound
from shared.messages import Message, MessageType, parse_message
from shared.observability import build_logger, build_metrics
from shared.plugins.ports import Clock
from shared.plugins.record import Plugin
from shared.queues import handle_batch, parse_batch


class LambdaContext(Protocol):
    """What we use of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds left before the function is stopped."""


class Worker:
    """One queue's worker.

    Args:
        service: name in logs and metrics.
        kind: the message type that its queue carries.
        queue_arn: the only queue that it serves.
        clock: epoch seconds.
        work: does one message, with a way to ask how many seconds are left, and gives the record as it is afterwards.
    """

    def __init__(
        self,
        *,
        service: str,
        kind: MessageType,
        queue_arn: str,
        clock: Clock,
        work: Callable[[Message, Callable[[], float]], Plugin],
    ) -> None:
        self._kind: MessageType = kind
        self._queue_arn = queue_arn
        self._clock = clock
        self._work = work
        self._log = build_logger(service)
        self._metrics = build_metrics(service)

    def handle(self, event: object, context: LambdaContext) -> Mapping[str, Any]:
        """Handle one batch; raises `Refused` when the whole event is not from this queue."""
        records = parse_batch(event, queue_arn=self._queue_arn)
        remaining_ms = context.get_remaining_time_in_millis
        try:
            return handle_batch(
                records,
                lambda body: self._one(body, lambda: remaining_ms() / 1000),
                log=self._log,
                remaining_ms=remaining_ms,
            )
        finally:
            self._metrics.flush_metrics()

    def _one(self, body: str, remaining_seconds: Callable[[], float]) -> None:
        message = parse_message(body, expected=self._kind, now=datetime.fromtimestamp(self._clock(), UTC))
        fields: dict[str, Any] = {
            "plugin_id": message.plugin_id,
            "generation": message.generation,
            "correlation_id": message.correlation_id,
        }
        begun = self._clock()
        try:
            plugin = self._work(message, remaining_seconds)
        except NotFound:
            # Deleted meanwhile: nothing to do, and nothing may bring it back.
            self._log.info("plugin is gone", **fields)
            return
        self._metrics.add_metric(name=f"status.{plugin.status}", unit="Count", value=1)
        self._metrics.add_metric(name="duration", unit="Milliseconds", value=(self._clock() - begun) * 1000)
        self._log.info("done", status=plugin.status, revision=plugin.revision, **fields)


def environment() -> Mapping[str, str]:
    """Give the function's environment; the one place where workers read it."""
    return os.environ
