"""GET on one plugin: the record, its state, its health, its versions and its audit trail."""

from typing import Final

from functions.registration.answer import Answer
from functions.registration.listing import parse_limit, whole_number
from functions.registration.ports import Ports, load_plugin
from functions.registration.reasons import INVALID_QUERY_PARAMETER, NOT_BUILT_YET
from functions.registration.request import Request
from functions.registration.resources import (
    etag_of,
    event_resource,
    health_resource,
    plugin_resource,
    status_resource,
    version_resource,
)
from shared.errors import Refused

_MAX_REVISION: Final = 999_999_999_999


def get_plugin(request: Request, ports: Ports) -> Answer:
    """Give the plugin."""
    plugin = load_plugin(request, ports)
    return Answer(200, {"data": plugin_resource(plugin, prefix=request.prefix)}, {"ETag": etag_of(plugin)})


def get_status(request: Request, ports: Ports) -> Answer:
    """Give the state of the work on the plugin."""
    return Answer(200, {"data": status_resource(load_plugin(request, ports))})


def get_health(request: Request, ports: Ports) -> Answer:
    """Give what the last probes said."""
    return Answer(200, {"data": health_resource(load_plugin(request, ports))})


def list_versions(request: Request, ports: Ports) -> Answer:
    """Give the versions, newest first."""
    plugin = load_plugin(request, ports)
    active = None if plugin.version is None else plugin.version.number
    found = ports.table.list_versions(plugin.id)
    data = [version_resource(version, active=version.number == active) for version in found]
    return Answer(200, {"data": data, "meta": {"total_count": len(data)}})


def list_events(request: Request, ports: Ports) -> Answer:
    """Give the audit trail behind the revision `after`, oldest first."""
    values = request.values
    after = whole_number(values.get("after", "0"), least=0, most=_MAX_REVISION, reason=INVALID_QUERY_PARAMETER)
    plugin, limit = load_plugin(request, ports), parse_limit({"limit": values.get("limit", "100")})
    found = ports.table.list_events(plugin.id, limit=limit, after_revision=after)
    data = [event_resource(revision, event) for revision, event in found]
    last = found[-1][0] if found else after
    return Answer(200, {"data": data, "meta": {"next_after": last}})


def roll_back(request: Request, ports: Ports) -> Answer:
    """Say that this release can't: never a success that did nothing."""
    load_plugin(request, ports)
    raise Refused(
        NOT_BUILT_YET,
        "rollback is not built yet",
        hint="Pin the version that you want: PATCH the command to its digest (GET …/versions names it).",
    )
