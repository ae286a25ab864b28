"""GET /gateways/{namespace}/plugins: what the gateways of a namespace shall run."""

import hashlib
import json
from typing import Any

from functions.registration.answer import Answer
from functions.registration.ports import Ports
from functions.registration.preconditions import parse_tags
from functions.registration.principal import authorize_namespace
from functions.registration.request import Request
from functions.registration.resources import platform_attributes, plugin_path
from shared.errors import NotFound, Refused
from shared.plugins.identifiers import parse_namespace
from shared.plugins.ports import PLUGIN_NOT_FOUND
from shared.plugins.record import Plugin


def desired_state(request: Request, ports: Ports) -> Answer:
    """Give the active plugins of a namespace with what to run of each; 304 while nothing changed.

    An oci:// plugin is there from its first verified version on, and stays at the last good one; a file:// or grpc://
    plugin while the policy accepts its command. Whether it answers at the moment is `ready`: the gateway decides.
    """
    try:
        namespace = parse_namespace(request.parameters["namespace"])
    except Refused:
        raise NotFound(PLUGIN_NOT_FOUND) from None
    authorize_namespace(request.caller, namespace)
    found = sorted(ports.table.list_plugins(namespace), key=lambda plugin: plugin.id)
    data = [_entry(plugin, request.prefix) for plugin in found if is_served(plugin)]
    tag = f'"{hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:32]}"'
    seen = request.header("if-none-match")
    if seen is not None and (tags := parse_tags(seen)) is not None and {tag, f"W/{tag}"} & tags:
        return Answer(304, None, {"ETag": tag})
    return Answer(200, {"data": data, "meta": {"namespace": namespace, "total_count": len(data)}}, {"ETag": tag})


def is_served(plugin: Plugin) -> bool:
    """Say whether gateways shall run this plugin now."""
    if not plugin.is_active:
        return False
    if plugin.scheme == "oci":
        return plugin.version is not None
    valid = plugin.conditions.get("CommandValid")
    return valid is not None and valid.status == "True" and plugin.status != "rejected"


def _entry(plugin: Plugin, prefix: str) -> dict[str, Any]:
    ready, version = plugin.conditions.get("Ready"), plugin.version
    attributes: dict[str, Any] = {
        "name": plugin.name,
        "slug": plugin.slug,
        "scheme": plugin.scheme,
        "hook_type": plugin.hook_type,
        "hook_types": list(plugin.hook_types),
        "plugin_type": plugin.plugin_type,
        "config": dict(plugin.config),
        "generation": plugin.generation,
        "ready": "Unknown" if ready is None else ready.status,
        "command": plugin.command if plugin.scheme != "oci" else None,
        "checksum": plugin.checksum,
        "artifact": None,
    }
    if plugin.scheme == "oci" and version is not None:
        attributes["artifact"] = {
            "version": version.number,
            "source": version.source,
            "manifest_digest": version.manifest_digest,
            "platforms": {name: platform_attributes(value) for name, value in version.platforms.items()},
            "signature": dict(version.signature),
            "download": f"{plugin_path(plugin.id, prefix)}/artifact",
        }
    return {"type": "gateway-plugins", "id": plugin.id, "attributes": attributes}
