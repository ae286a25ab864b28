"""Due plugins → the message that their status asks for.

| status | why it is due | what is sent |
|---|---|---|
| pending | its validation got stuck | ValidateCommand |
| validated | its next step got stuck | PullArtifact (oci), CheckHealth (grpc, file) |
| pulling | its pull got stuck | PullArtifact |
| ready | its next health check | CheckHealth |
| failed | its back-off is over | nothing: the event `plugin.retried` starts it afresh through the relay |
"""

import secrets
from collections import defaultdict
from dataclasses import dataclass
from typing import Final, Protocol

from shared.dispatch import MessageSender
from shared.errors import NotFound, Transient
from shared.messages import Message, MessageType
from shared.plugins.ports import Clock, Conflict, DueIndex, DuePlugin, PluginTable
from shared.plugins.record import Plugin
from shared.plugins.transitions import Change, Event, change, due
from shared.plugins.work import transition
from shared.times import rfc3339

ACTOR: Final = "reconcile"
#: How many due plugins one run takes on; the rest stays due for the next.
BATCH: Final = 500


class ReconcileTable(PluginTable, DueIndex, Protocol):
    """The table and its due index."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one run did.

    Attributes:
        sent: messages by type.
        retried: failed plugins that were started afresh.
        gone: index entries whose plugin is gone or no longer due.
        broken: records that could not be read; they stay due.
    """

    sent: dict[MessageType, int]
    retried: int
    gone: int
    broken: int = 0


def reconcile(*, table: ReconcileTable, sender: MessageSender, clock: Clock, correlation_id: str = "") -> Sweep:
    """Send what is due, then move its due time on.

    The order matters: sent twice is harmless (receivers are fenced), moved on but not sent would be a loss.

    Raises:
        Transient: the table or a queue did not answer; what was not moved on is due again in the next run.
    """
    trace = correlation_id or f"rec-{secrets.token_hex(8)}"
    retried = gone = broken = 0
    bodies: dict[MessageType, list[str]] = defaultdict(list)
    moved: list[tuple[DuePlugin, int]] = []
    for entry in table.due(epoch=int(clock()), limit=BATCH):
        try:
            plugin = table.load(entry.key)
        except NotFound:
            gone += 1
            continue
        except Transient:
            raise
        except Exception:  # noqa: BLE001 - one record that can't be read must not stop the others' work
            broken += 1
            continue
        if plugin.status == "failed":
            try:
                retried += _retry(table, entry, trace, clock)
            except (Conflict, NotFound):
                gone += 1  # somebody else moved it on: it is theirs now
            continue
        kind = message_type(plugin)
        if kind is None or not plugin.is_active:
            gone += 1
            continue
        bodies[kind].append(_message(kind, plugin, trace, clock()).to_json())
        moved.append((entry, due(plugin, epoch=int(clock())).next_due_at or 0))
    for kind, texts in bodies.items():
        sender.send(kind, texts)
    for entry, until in moved:
        table.postpone(entry, until=until)
    return Sweep({kind: len(texts) for kind, texts in bodies.items()}, retried, gone, broken)


def message_type(plugin: Plugin) -> MessageType | None:
    """Give the message that brings a plugin of this status further, None where none does."""
    if plugin.status == "pending":
        return "ValidateCommand"
    if plugin.status == "pulling" or (plugin.status == "validated" and plugin.scheme == "oci"):
        return "PullArtifact"
    if plugin.status in {"validated", "ready"}:
        return "CheckHealth"
    return None


def _retry(table: PluginTable, entry: DuePlugin, correlation_id: str, clock: Clock) -> int:
    """Start a failed plugin afresh, if it is still failed and due."""

    def decide(plugin: Plugin) -> Change | None:
        epoch = clock()
        if plugin.status != "failed" or plugin.next_due_at is None or plugin.next_due_at > epoch:
            return None
        event = Event("plugin.retried", rfc3339(epoch), ACTOR, correlation_id, {"attempts": plugin.attempts})
        return change(plugin, plugin, event, epoch=int(epoch))

    return int(transition(table, entry.key, decide).status == "pending")


def _message(kind: MessageType, plugin: Plugin, correlation_id: str, epoch: float) -> Message:
    return Message(
        type=kind,
        namespace=plugin.namespace,
        plugin_id=plugin.id,
        generation=plugin.generation,
        correlation_id=correlation_id,
        requested_at=rfc3339(epoch),
    )
