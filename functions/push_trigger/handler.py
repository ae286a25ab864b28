"""push_trigger: push queue (ECR and S3 events from EventBridge) → new generations."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from functions.push_trigger.events import LocalRegistry, parse_push
from functions.push_trigger.settings import Settings
from functions.push_trigger.use_case import PushTable, follow_push
from shared.aws import client
from shared.observability import build_logger, build_metrics
from shared.plugins.dynamodb_table import DynamoDBTable
from shared.plugins.ports import Clock
from shared.queues import handle_batch, parse_batch
from shared.worker import LambdaContext, environment


class PushTrigger:
    """The composition, built once in a container."""

    def __init__(self, *, queue_arn: str, local: LocalRegistry, table: PushTable, clock: Clock) -> None:
        self._queue_arn = queue_arn
        self._local = local
        self._table = table
        self._clock = clock
        self._log = build_logger("push_trigger")
        self._metrics = build_metrics("push_trigger")

    def handle(self, event: object, context: LambdaContext) -> Mapping[str, Any]:
        """Handle one batch; raises `Refused` when the whole event is not from this queue."""
        records = parse_batch(event, queue_arn=self._queue_arn)
        try:
            return handle_batch(records, self._one, log=self._log, remaining_ms=context.get_remaining_time_in_millis)
        finally:
            self._metrics.flush_metrics()

    def _one(self, body: str) -> None:
        push = parse_push(body, local=self._local)
        if push is None:
            self._metrics.add_metric(name="ignored", unit="Count", value=1)
            return
        started = follow_push(push, table=self._table, clock=self._clock)
        self._metrics.add_metric(name="started", unit="Count", value=len(started))
        self._log.info("followed", source_key=push.source_key, tag=push.tag, digest=push.digest, started=started)


@cache
def _composition() -> PushTrigger:
    settings = Settings.from_environment(environment())
    return PushTrigger(
        queue_arn=settings.queue_arn,
        local=LocalRegistry(settings.local_ecr_source, settings.ecr_registry_host),
        table=DynamoDBTable(client=client("dynamodb"), table_name=settings.table_name, clock=time.time),
        clock=time.time,
    )


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Follow the pushes of one batch; names exactly the messages that must come again."""
    return _composition().handle(event, context)
