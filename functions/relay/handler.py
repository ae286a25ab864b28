"""The relay: DynamoDB stream → queues and event bus."""

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from functions.relay.settings import Settings
from functions.relay.use_case import relay
from shared.aws import client
from shared.dispatch import EventBridgePublisher, SqsSender
from shared.errors import Refused
from shared.observability import build_logger, build_metrics
from shared.queues import BAD_ENVELOPE, UNEXPECTED_SOURCE


class _Relay:
    """The composition, built once in a container."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        settings = Settings.from_environment(environment)
        self.log = build_logger("relay")
        self.metrics = build_metrics("relay")
        self.sender = SqsSender(
            client=client("sqs"),
            queue_urls={
                "ValidateCommand": settings.validation_queue_url,
                "PullArtifact": settings.pull_queue_url,
                "CheckHealth": settings.health_queue_url,
            },
        )
        self.publisher = EventBridgePublisher(client=client("events"), bus_name=settings.event_bus_name)

    def count(self, name: str) -> None:
        """Count one relayed event by its name."""
        self.metrics.add_metric(name=name, unit="Count", value=1)


@cache
def _composition() -> _Relay:
    return _Relay(os.environ)


def lambda_handler(event: dict[str, Any], _context: object) -> None:
    """Relay one batch of stream records; an exception makes the stream deliver the batch again."""
    events = [json.loads(item["document"]["S"]) for item in _inserted_events(event)]
    parts = _composition()
    try:
        relay(events, sender=parts.sender, publisher=parts.publisher, count=parts.count)
    finally:
        parts.metrics.flush_metrics()
    for entry in events:
        parts.log.info(
            entry["name"],
            plugin_id=entry["plugin_id"],
            generation=entry["generation"],
            correlation_id=entry["correlation_id"],
        )


def _inserted_events(event: object) -> list[dict[str, Any]]:
    """Give the audit entries of the batch; the event source's filter lets nothing else through, and so do we."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        raise Refused(BAD_ENVELOPE, "no Records")
    if any(not isinstance(record, Mapping) or record.get("eventSource") != "aws:dynamodb" for record in records):
        raise Refused(UNEXPECTED_SOURCE)
    images = [record["dynamodb"].get("NewImage", {}) for record in records if record.get("eventName") == "INSERT"]
    return [image for image in images if image.get("kind", {}).get("S") == "event"]
