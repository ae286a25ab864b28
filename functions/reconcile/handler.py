"""reconcile: schedule → due work."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from functions.reconcile.settings import Settings
from functions.reconcile.use_case import ReconcileTable, Sweep, reconcile
from shared.aws import client
from shared.dispatch import MessageSender, SqsSender
from shared.errors import Refused
from shared.observability import build_logger, build_metrics
from shared.plugins.dynamodb_table import DynamoDBTable
from shared.plugins.ports import Clock
from shared.queues import BAD_ENVELOPE, UNEXPECTED_SOURCE
from shared.worker import environment

#: The input that the schedule in template.yaml gives, and the shape of a scheduled rule on the default bus.
_SOURCES = frozenset({"plugport.schedule", "aws.events", "aws.scheduler"})


class Reconciler:
    """The composition, built once in a container."""

    def __init__(self, *, table: ReconcileTable, sender: MessageSender, clock: Clock) -> None:
        self._table = table
        self._sender = sender
        self._clock = clock
        self._log = build_logger("reconcile")
        self._metrics = build_metrics("reconcile")

    def handle(self, event: object) -> Mapping[str, Any]:
        """Run one sweep for a schedule event; raises `Refused` for any other event."""
        if not isinstance(event, Mapping):
            raise Refused(BAD_ENVELOPE, "a schedule event")
        if event.get("source") not in _SOURCES:
            raise Refused(UNEXPECTED_SOURCE if "source" in event else BAD_ENVELOPE)
        sweep = reconcile(table=self._table, sender=self._sender, clock=self._clock)
        self._report(sweep)
        return {"sent": sweep.sent, "retried": sweep.retried}

    def _report(self, sweep: Sweep) -> None:
        for kind, number in sweep.sent.items():
            self._metrics.add_metric(name=f"sent.{kind}", unit="Count", value=number)
        self._metrics.add_metric(name="retried", unit="Count", value=sweep.retried)
        self._metrics.flush_metrics()
        self._log.info("swept", sent=sweep.sent, retried=sweep.retried, gone=sweep.gone, broken=sweep.broken)


@cache
def _composition() -> Reconciler:
    settings = Settings.from_environment(environment())
    sender = SqsSender(
        client=client("sqs"),
        queue_urls={
            "ValidateCommand": settings.validation_queue_url,
            "PullArtifact": settings.pull_queue_url,
            "CheckHealth": settings.health_queue_url,
        },
    )
    table = DynamoDBTable(client=client("dynamodb"), table_name=settings.table_name, clock=time.time)
    return Reconciler(table=table, sender=sender, clock=time.time)


def lambda_handler(event: dict[str, Any], _context: object) -> Mapping[str, Any]:
    """Send what is due; what could not be sent stays due."""
    return _composition().handle(event)
