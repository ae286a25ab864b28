"""Records as the API shows them. What is internal (revision, storage keys, fences) stays inside."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from shared.plugins.record import Plugin, Version
from shared.plugins.transitions import Event

Json = dict[str, Any]

PLUGINS_PATH = "/api/v1/plugins"


def plugin_path(plugin_id: str, prefix: str = "") -> str:
    """Give the path of one plugin as the caller reaches it."""
    return f"{prefix}{PLUGINS_PATH}/{plugin_id}"


def etag_of(plugin: Plugin) -> str:
    """Give the entity tag of what is wanted of a plugin: its generation (not of its status, which moves by itself)."""
    return f'"{plugin.generation}"'


def plugin_resource(plugin: Plugin, *, prefix: str = "") -> Json:
    """Give the whole plugin."""
    return {
        "type": "plugins",
        "id": plugin.id,
        "attributes": {
            "name": plugin.name,
            "description": plugin.description,
            "namespace": plugin.namespace,
            "slug": plugin.slug,
            "command": plugin.command,
            "command_given": plugin.command_given,
            "scheme": plugin.scheme,
            "oci_reference": plugin.oci_reference,
            "checksum": plugin.checksum,
            "hook_type": plugin.hook_type,
            "hook_types": list(plugin.hook_types),
            "plugin_type": plugin.plugin_type,
            "is_active": plugin.is_active,
            "config": dict(plugin.config),
            **status_attributes(plugin),
            "health": _health(plugin),
            "latest_version": plugin.latest_version,
            "created_at": plugin.created_at,
            "updated_at": plugin.updated_at,
            "etag": etag_of(plugin),
        },
        "links": {"self": plugin_path(plugin.id, prefix)},
    }


def status_attributes(plugin: Plugin) -> Json:
    """Give what is known of a plugin's state."""
    return {
        "status": plugin.status,
        "generation": plugin.generation,
        "observed_generation": plugin.observed_generation,
        "conditions": [asdict(condition) for condition in plugin.conditions.values()],
        "warnings": list(plugin.warnings),
        "version": None if plugin.version is None else version_attributes(plugin.version),
        "reload": {
            "requested_generation": plugin.reload_requested_generation,
            "handled_generation": plugin.reload_handled_generation,
        },
    }


def status_resource(plugin: Plugin) -> Json:
    """Give the state without what is wanted."""
    attributes = {
        **status_attributes(plugin),
        "is_active": plugin.is_active,
        "command": plugin.command,
        "hook_type": plugin.hook_type,
        "hook_types": list(plugin.hook_types),
        "failed_attempts": plugin.attempts,
        "updated_at": plugin.updated_at,
    }
    return {"type": "plugin-statuses", "id": plugin.id, "attributes": attributes}


def health_resource(plugin: Plugin) -> Json:
    """Give what the last probes said (`shared.health.results.HealthState`); `unknown` until there was one."""
    conditions = [plugin.conditions[name] for name in ("Reachable", "Healthy", "Ready") if name in plugin.conditions]
    attributes = {
        "status": "unknown",
        **_health(plugin),
        "plugin_status": plugin.status,
        "is_active": plugin.is_active,
        "conditions": [asdict(condition) for condition in conditions],
    }
    return {"type": "plugin-health", "id": plugin.id, "attributes": attributes}


def _health(plugin: Plugin) -> Json:
    """Give the health without where the probe looked: that is a storage key, or an address behind the public name."""
    health = dict(plugin.health)
    if isinstance(last := health.get("last"), Mapping):
        health["last"] = {name: value for name, value in last.items() if name != "address"}
    return health


def version_attributes(version: Version) -> Json:
    """Give a version; where its bytes lie is nobody's business but the store's."""
    return {
        "number": version.number,
        "source": version.source,
        "manifest_digest": version.manifest_digest,
        "media_type": version.media_type,
        "platforms": {name: platform_attributes(value) for name, value in version.platforms.items()},
        "signature": dict(version.signature),
        "warnings": list(version.warnings),
        "plugin_config": dict(version.plugin_config),
        "pulled_at": version.pulled_at,
    }


def platform_attributes(artifact: Mapping[str, Any]) -> Json:
    """Give what identifies the executable of one platform."""
    return {"sha256": artifact["sha256"], "size_bytes": artifact["size_bytes"]}


def version_resource(version: Version, *, active: bool) -> Json:
    """Give a version of the history."""
    attributes = {**version_attributes(version), "active": active}
    return {"type": "versions", "id": str(version.number), "attributes": attributes}


def event_resource(revision: int, event: Event) -> Json:
    """Give one entry of the audit trail."""
    return {"type": "events", "id": str(revision), "attributes": {"revision": revision, **asdict(event)}}
