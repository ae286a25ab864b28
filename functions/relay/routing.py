"""The whole flow on one screen: what each event of a plugin sets in motion. Pure.

| event | file | grpc | oci | event bus |
|---|---|---|---|---|
| plugin.registered, updated, reload_requested, retried | validation | validation | validation | yes |
| plugin.validated | health | health | pull | no |
| plugin.ready | none | none | health | yes |
| plugin.rejected, failed, healthy, unhealthy, deleted | none | none | none | yes |
| plugin.pull_started | none | none | none | no |
"""

from collections.abc import Mapping
from typing import Any, Final

from shared.messages import MessageType

#: Events that start work at the beginning.
STARTS: Final = frozenset({"plugin.registered", "plugin.updated", "plugin.reload_requested", "plugin.retried"})
#: Steps inside the work: nobody outside waits for them.
INTERNAL: Final = frozenset({"plugin.validated", "plugin.pull_started"})


def next_message(event: Mapping[str, Any]) -> MessageType | None:
    """Give the type of the message that the event (an audit entry's document) sets in motion, None for none."""
    if not event["is_active"]:
        return None
    name, is_oci = event["name"], event["scheme"] == "oci"
    if name in STARTS and event["status"] == "pending":
        return "ValidateCommand"
    if name == "plugin.validated":
        return "PullArtifact" if is_oci else "CheckHealth"
    if name == "plugin.ready" and is_oci:
        return "CheckHealth"
    return None


def is_published(event: Mapping[str, Any]) -> bool:
    """Say whether subscribers of the event bus hear of it."""
    return event["name"] not in INTERNAL
