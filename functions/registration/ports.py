"""What the routes work with: the ports, in one value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from functions.registration.principal import Principal, authorize_namespace
from functions.registration.request import Request
from shared.commands import PolicySettings
from shared.errors import NotFound
from shared.plugins.identifiers import is_plugin_id
from shared.plugins.ports import (
    PLUGIN_NOT_FOUND,
    Clock,
    PluginHistory,
    PluginKey,
    PluginLister,
    PluginTable,
    RequestLog,
)
from shared.plugins.record import Plugin
from shared.plugins.transitions import Event, EventName
from shared.times import rfc3339


class ApiTable(PluginTable, RequestLog, PluginLister, PluginHistory, Protocol):
    """The plugin table as the API uses it."""


class ArtifactUrls(Protocol):
    """Short-lived links to stored executables."""

    def download_url(self, key: str, *, file_name: str, lifetime_seconds: int) -> str:
        """Give a URL that gets exactly this object, as a download, for so long."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside of the routes.

    Attributes:
        table: the plugin table.
        urls: links to artifacts.
        policy: the command policy's settings.
        clock: epoch seconds.
        randomness: gives so many random bytes from a cryptographic source.
    """

    table: ApiTable
    urls: ArtifactUrls
    policy: PolicySettings
    clock: Clock
    randomness: Callable[[int], bytes]


def find_key(request: Request, ports: Ports) -> PluginKey:
    """Give the key of the plugin that the path names.

    Raises:
        NotFound: there is none, or it is in a namespace that the caller may not see: the same answer, after the same
            one look-up.
    """
    plugin_id = request.parameters["plugin_id"]
    namespace = ports.table.namespace_of(plugin_id) if is_plugin_id(plugin_id) else None
    if namespace is None:
        raise NotFound(PLUGIN_NOT_FOUND)
    authorize_namespace(request.caller, namespace)
    return PluginKey(namespace, plugin_id)


def load_plugin(request: Request, ports: Ports) -> Plugin:
    """Give the plugin that the path names, or raise as `find_key` does."""
    return ports.table.load(find_key(request, ports))


def event_of(name: EventName, caller: Principal, request: Request, epoch: float, **detail: object) -> Event:
    """Make the audit entry of a change that the caller asked for."""
    return Event(name, rfc3339(epoch), caller.token_id, request.correlation_id, detail)
