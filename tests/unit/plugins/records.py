"""Records for tests of the core."""

from typing import Any, Final

from shared.plugins.record import Plugin, Status, Version
from shared.plugins.transitions import Change, Event, EventName, change, registered

NOW: Final = 1_795_500_000
AT: Final = "2026-11-24T06:00:00.000Z"
LATER: Final = "2026-11-24T06:01:00.000Z"


def plugin_id(number: int) -> str:
    """Give an id; they sort by number."""
    return f"plg_01m8627gr0000000000000{number:04d}"


def plugin(number: int = 1, **changes: Any) -> Plugin:
    """Give a new active grpc:// plugin."""
    values: dict[str, Any] = {
        "id": plugin_id(number),
        "namespace": "team-a",
        "slug": f"plugin-{number}",
        "name": f"Plugin {number}",
        "command": "grpc://plugins.example.com:50051",
        "command_given": "grpc://plugins.example.com:50051",
        "scheme": "grpc",
        "hook_type": "pre_auth",
        "hook_types": ("pre_auth",),
        "plugin_type": "gateway",
        "is_active": True,
        "created_at": AT,
        "updated_at": AT,
    }
    return Plugin(**{**values, **changes})


def event(name: EventName, *, at: str = AT, **detail: Any) -> Event:
    """Give an event."""
    return Event(name, at, "tok_1", "c-1", detail)


def new(number: int = 1, **changes: Any) -> Change:
    """Give the change that registers a plugin."""
    return registered(plugin(number, **changes), event("plugin.registered"), epoch=NOW)


def moved(before: Plugin, name: EventName, after: Plugin | None = None, **detail: Any) -> Change:
    """Give the change that an event makes."""
    return change(before, after or before, event(name, at=LATER, **detail), epoch=NOW + 60)


def in_status(status: Status, **changes: Any) -> Plugin:
    """Give a plugin in this status."""
    return plugin(status=status, **changes)


def version(number: int) -> Version:
    """Give a version."""
    return Version(
        number=number,
        source=f"registry.example.com/p@sha256:{'d' * 64}",
        manifest_digest=f"sha256:{'d' * 64}",
        media_type="application/vnd.oci.image.manifest.v1+json",
        platforms={"linux/amd64": {"sha256": "sha256:" + "a" * 64, "size_bytes": 5, "key": "artifacts/sha256/aa"}},
        signature={"state": "not_checked"},
        warnings=("w",),
        plugin_config={"name": "p"},
        receipt_key="receipts/x.json",
        pulled_at=AT,
    )
