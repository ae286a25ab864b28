"""Send what the committed events set in motion; may run twice: receivers are fenced by generation."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from functions.relay.routing import is_published, next_message
from shared.dispatch import EventPublisher, MessageSender
from shared.messages import Message, MessageType


def relay(
    events: Iterable[Mapping[str, Any]],
    *,
    sender: MessageSender,
    publisher: EventPublisher,
    count: Callable[[str], None],
) -> None:
    """Relay a batch of audit entries in their order.

    Args:
        events: documents of audit entries, oldest first.
        sender: the work queues.
        publisher: the event bus.
        count: told the name of every event relayed.

    Raises:
        Transient: something was not taken; the whole batch comes again.
    """
    messages: dict[MessageType, list[str]] = {}
    published: list[tuple[str, str]] = []
    for event in events:
        kind = next_message(event)
        if kind is not None:
            messages.setdefault(kind, []).append(_message(kind, event).to_json())
        if is_published(event):
            # Subscribers get what the audit trail has, and the schema's version.
            published.append((event["name"], json.dumps({"schema": 1, **event}, separators=(",", ":"))))
        count(event["name"])
    for kind, bodies in messages.items():
        sender.send(kind, bodies)
    if published:
        publisher.publish(published)


def _message(kind: MessageType, event: Mapping[str, Any]) -> Message:
    return Message(
        type=kind,
        namespace=event["namespace"],
        plugin_id=event["plugin_id"],
        generation=event["generation"],
        correlation_id=event["correlation_id"],
        requested_at=event["at"],
    )
