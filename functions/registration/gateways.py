"""GET /gateways/{namespace}/plugins: what the gateways of a namespace shall run."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from functions.registration.answer import Answer
from functions.registration.cursor import decode_cursor, encode_cursor, scope_of
from functions.registration.listing import parse_limit
from functions.registration.pages import fill_page
from functions.registration.ports import Ports
from functions.registration.preconditions import parse_tags
from functions.registration.principal import authorize_namespace
from functions.registration.request import Request
from functions.registration.resources import platform_attributes, plugin_path
from functions.registration.serving import is_served
from shared.errors import NotFound, Refused
from shared.plugins.identifiers import parse_namespace
from shared.plugins.ports import PLUGIN_NOT_FOUND
from shared.plugins.record import Plugin

#: Beside the namespace: no cursor of GET /plugins is one of this list, which has another order.
_SCOPE: Final[Mapping[str, str]] = {"list": "gateways"}


def desired_state(request: Request, ports: Ports) -> Answer:
    """Give the active plugins of a namespace with what to run of each; 304 while nothing changed.

    An oci:// plugin is there from its first verified version on, and stays at the last good one; a file:// or grpc://
    plugin while its command is valid; each only while the policy of today allows it. Whether it answers at the moment
    is `ready`: the gateway decides.

    Without `limit` only the size of the answer ends a page. The entity tag is that of the whole state, so it is the
    same on every page, and one page that did not change says so for all of them.
    """
    try:
        namespace = parse_namespace(request.parameters["namespace"])
    except Refused:
        raise NotFound(PLUGIN_NOT_FOUND) from None
    authorize_namespace(request.caller, namespace)
    scope = scope_of([namespace], _SCOPE)
    limit, after_id = _window(request, scope, ports)
    found = sorted(ports.table.list_plugins(namespace), key=lambda plugin: plugin.id)
    state = [_entry(plugin, request.prefix) for plugin in found if is_served(plugin, ports.policy)]
    tag = f'"{hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:32]}"'
    seen = request.header("if-none-match")
    if seen is not None and (tags := parse_tags(seen)) is not None and {tag, f"W/{tag}"} & tags:
        return Answer(304, None, {"ETag": tag})
    rest = [entry for entry in state if entry["id"] > after_id]
    data, following = fill_page(rest, limit=limit), None
    if len(data) < len(rest):
        key = request.caller.cursor_key
        following = encode_cursor(data[-1]["id"], key=key, scope=scope, epoch=ports.clock())
    meta = {"namespace": namespace, "total_count": len(state), "next_cursor": following}
    return Answer(200, {"data": data, "meta": meta}, {"ETag": tag})


def _window(request: Request, scope: bytes, ports: Ports) -> tuple[int | None, str]:
    """Give how many entries are asked for at most, and the id behind which they begin."""
    values, key = request.values, request.caller.cursor_key
    limit = parse_limit(values) if "limit" in values else None
    if "cursor" not in values:
        return limit, ""
    return limit, decode_cursor(values["cursor"], key=key, scope=scope, epoch=ports.clock())


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
