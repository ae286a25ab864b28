"""The whole API on one screen: what is not in this table does not answer."""

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from functions.registration.answer import Answer
from functions.registration.artifacts import get_artifact
from functions.registration.change import delete_plugin, patch_plugin, refresh_plugin, reload_plugin
from functions.registration.create import create_plugin
from functions.registration.gateways import desired_state
from functions.registration.listing import PARAMETERS, list_plugins
from functions.registration.ports import Ports
from functions.registration.principal import Access
from functions.registration.reading import get_health, get_plugin, get_status, list_events, list_versions, roll_back
from functions.registration.request import Request
from functions.registration.service import get_document, get_liveness
from functions.registration.validation import test_plugin, validate_body, validate_query

Endpoint = Callable[[Request, Ports], Answer]
#: A model of `bodies.py`, by name: the module loads pydantic, and calls without a body do without (ADR 0018).
BodyName = Literal["CommandToValidate", "PluginCreate", "PluginPatch"]


class Route(NamedTuple):
    """One method of one path.

    Attributes:
        method: upper case.
        path: `{name}` stands for one segment.
        access: the scope that it needs.
        endpoint: what answers.
        summary: one line for the OpenAPI document.
        query: the query parameters that it takes.
        body: the name of its body's model in `bodies.py`, None where it takes none.
    """

    method: str
    path: str
    access: Access
    endpoint: Endpoint
    summary: str
    query: tuple[str, ...] = ()
    body: BodyName | None = None


_BASE: Final = "/api/v1"
_ONE: Final = f"{_BASE}/plugins/{{plugin_id}}"

ROUTES: Final = (
    Route("GET", "/health", "open", get_liveness, "Say that the API answers."),
    Route("GET", f"{_BASE}/health", "open", get_liveness, "Say that the API answers."),
    Route("GET", f"{_BASE}/openapi.json", "read", get_document, "Give this document."),
    Route("POST", f"{_BASE}/plugins", "write", create_plugin, "Register a plugin.", body="PluginCreate"),
    Route("GET", f"{_BASE}/plugins", "read", list_plugins, "List plugins, newest first.", query=PARAMETERS),
    Route(
        "POST", f"{_BASE}/plugins/validate", "read", validate_body, "Judge a command; write nothing.",
        body="CommandToValidate",
    ),
    Route(
        "GET", f"{_BASE}/plugins/validate", "read", validate_query, "Judge a command; write nothing.",
        query=("command", "oci_reference"),
    ),
    Route("GET", _ONE, "read", get_plugin, "Give a plugin."),
    Route("PATCH", _ONE, "write", patch_plugin, "Change what is wanted of a plugin.", body="PluginPatch"),
    Route("DELETE", _ONE, "write", delete_plugin, "Remove a plugin."),
    Route("POST", f"{_ONE}/reload", "write", reload_plugin, "Do the work on a plugin again."),
    Route("POST", f"{_ONE}/refresh", "write", refresh_plugin, "Resolve and pull an oci:// plugin again."),
    Route("POST", f"{_ONE}/rollback", "write", roll_back, "Make an earlier version active (not built yet)."),
    Route("POST", f"{_ONE}/test", "read", test_plugin, "Judge the stored command again; write nothing."),
    Route("GET", f"{_ONE}/status", "read", get_status, "Give the state of the work on a plugin."),
    Route("GET", f"{_ONE}/health", "read", get_health, "Give what the last probes of a plugin said."),
    Route("GET", f"{_ONE}/versions", "read", list_versions, "List the versions of a plugin, newest first."),
    Route("GET", f"{_ONE}/events", "read", list_events, "Give the audit trail, oldest first.", ("after", "limit")),
    Route("GET", f"{_ONE}/artifact", "read", get_artifact, "Give a link to the active executable.", ("platform",)),
    Route(
        "GET", f"{_BASE}/gateways/{{namespace}}/plugins", "read", desired_state, "Say what gateways shall run.",
        query=("limit", "cursor"),
    ),
)  # fmt: skip

_PARAMETER: Final = re.compile(r"\\\{(\w+)\\\}")
_PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    route.path: re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", re.escape(route.path)), re.ASCII) for route in ROUTES
}


def match_route(method: str, path: str) -> tuple[Route | None, Mapping[str, str], tuple[str, ...]]:
    """Find the route of a call.

    Returns:
        The route (None if there is none), its path's parameters, and the methods that the path takes at all. A fixed
        path comes before one with parameters, so `/plugins/validate` is never taken for an id.
    """
    for fixed in (True, False):
        found = [
            (route, match)
            for route in ROUTES
            if ("{" not in route.path) == fixed and (match := _PATTERNS[route.path].fullmatch(path)) is not None
        ]
        if found:
            methods = tuple(route.method for route, _ in found)
            for route, match in found:
                if route.method == method:
                    return route, match.groupdict(), methods
            return None, {}, methods
    return None, {}, ()
