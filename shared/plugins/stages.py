"""What a message may still do to a plugin: fences against late, early and duplicate deliveries. Pure."""

from collections.abc import Mapping
from typing import Final

from shared.errors import PlugportError, Reason, Transient
from shared.messages import Message
from shared.plugins.ports import PluginKey
from shared.plugins.record import Plugin, Status
from shared.plugins.transitions import Change, Event, EventName, change
from shared.times import rfc3339

GENERATION_UNKNOWN = Reason(
    "generation_unknown",
    "the message is ahead of the record",
    "Nothing to do: it is delivered again when the record has caught up.",
)
REASONS: Final = (GENERATION_UNKNOWN,)


def key_of(message: Message) -> PluginKey:
    """Give the key of the plugin that a message is about."""
    return PluginKey(message.namespace, message.plugin_id)


def is_current(plugin: Plugin, message: Message, statuses: frozenset[Status]) -> bool:
    """Say whether the message's work is still to be done.

    Raises:
        Transient: `generation_unknown` when the message knows a newer generation than the record.
    """
    if message.generation > plugin.generation:
        raise Transient(GENERATION_UNKNOWN, f"generation {message.generation}, the record has {plugin.generation}")
    return message.generation == plugin.generation and plugin.is_active and plugin.status in statuses


def event_for(
    cause: Message, name: EventName, *, actor: str, epoch: float, detail: Mapping[str, object] | None = None
) -> Event:
    """Make the event of a worker's transition; it carries the message's correlation id on."""
    return Event(name, rfc3339(epoch), actor, cause.correlation_id, detail or {})


def setback(plugin: Plugin, message: Message, error: PlugportError, *, actor: str, epoch: float) -> Change:
    """End a plugin's work badly: `failed` where trying again may help, `rejected` where someone must act."""
    name: EventName = "plugin.failed" if error.retryable else "plugin.rejected"
    advice = {"reason": error.reason.code, "message": error.message, "hint": error.hint}
    event = event_for(message, name, actor=actor, epoch=epoch, detail=advice)
    return change(plugin, plugin, event, epoch=int(epoch))
