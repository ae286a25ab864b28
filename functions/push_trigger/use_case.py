"""A pushed image → a new generation of every active plugin that follows the tag."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from functions.push_trigger.events import ImagePush
from shared.commands import OciCommand, parse_command
from shared.errors import NotFound, Refused
from shared.plugins.ports import Clock, PluginTable, SourceIndex
from shared.plugins.record import Plugin
from shared.plugins.transitions import IN_WORK, Change, Event, change
from shared.plugins.work import transition
from shared.times import rfc3339

ACTOR: Final = "push_trigger"


class PushTable(PluginTable, SourceIndex, Protocol):
    """The table and its source index."""


def follow_push(push: ImagePush, *, table: PushTable, clock: Clock) -> Sequence[str]:
    """Ask for a new generation of each plugin whose command names the pushed tag.

    An event that comes twice, late or beside another changes nothing a second time: the plugin remembers the last one
    and the digest that it is working on or serves already.

    Returns:
        Ids of the plugins that start afresh.

    Raises:
        Transient: the table did not answer; the message comes again.
    """
    started: list[str] = []
    for key in table.plugins_of_source(push.source_key):

        def decide(plugin: Plugin) -> Change | None:
            return _reloaded(plugin, push, clock()) if _concerns(plugin, push) else None

        try:
            before = table.load(key)
            after = transition(table, key, decide)
        except NotFound:
            continue  # deleted since the index was written
        if after.revision != before.revision:
            started.append(after.id)
    return started


def _concerns(plugin: Plugin, push: ImagePush) -> bool:
    """Say whether the push is news for this plugin."""
    if not plugin.is_active or plugin.last_trigger.get("id") == push.event_id:
        return False
    try:
        command = parse_command(plugin.command)
    except Refused:
        return False  # the record says so itself (CommandValid); a push mends nothing
    if not isinstance(command, OciCommand) or command.digest is not None or (command.tag or "latest") != push.tag:
        return False
    if plugin.status in IN_WORK:
        return plugin.last_trigger.get("digest") != push.digest
    served = plugin.version.manifest_digest if plugin.version is not None else ""
    return not (plugin.status == "ready" and served == push.digest)


def _reloaded(plugin: Plugin, push: ImagePush, epoch: float) -> Change:
    generation = plugin.generation + 1
    event = Event(
        "plugin.reload_requested",
        rfc3339(epoch),
        ACTOR,
        push.event_id,
        {"cause": "push", "tag": push.tag, "digest": push.digest},
    )
    after = replace(
        plugin,
        generation=generation,
        reload_requested_generation=generation,
        last_trigger={"id": push.event_id, "digest": push.digest},
    )
    return change(plugin, after, event, epoch=int(epoch))
