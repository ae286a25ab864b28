"""What the use cases ask of the table, one to three methods a port. `dynamodb_store.py` is the real one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.errors import Reason, Refused, Transient
from shared.plugins.record import Plugin, Version
from shared.plugins.transitions import Change, Event

PLUGIN_NOT_FOUND = Reason(
    "not_found",
    "no such plugin",
    "Check the id and that the token may see the plugin's namespace: `plugport list`.",
)
WRITE_CONFLICT = Reason(
    "write_conflict",
    "another change came first",
    "Read the plugin again and repeat the change.",
)
SLUG_TAKEN = Reason(
    "slug_taken",
    "the slug is in use in this namespace",
    "Choose another slug, or PATCH the plugin that has it.",
)
STORE_UNAVAILABLE = Reason(
    "store_unavailable",
    "the table did not answer",
    "Try again in a moment; read the plugin first if the call was a change.",
)
REASONS = (PLUGIN_NOT_FOUND, WRITE_CONFLICT, SLUG_TAKEN, STORE_UNAVAILABLE)


class Conflict(Transient):
    """Another writer moved the record since it was loaded."""


class SlugTaken(Refused):
    """The slug belongs to another plugin of the namespace."""


@dataclass(frozen=True, slots=True)
class PluginKey:
    """Where a record lives."""

    namespace: str
    plugin_id: str


@dataclass(frozen=True, slots=True)
class DuePlugin:
    """One entry of the due index: enough to send the next message."""

    key: PluginKey
    due_at: int


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A caller's Idempotency-Key, already hashed together with token and operation.

    Attributes:
        key: sha256 hex.
        body_sha256: of the request body that came with it.
    """

    key: str
    body_sha256: str


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """What an earlier request with the same Idempotency-Key did."""

    body_sha256: str
    namespace: str
    plugin_id: str


class PluginReader(Protocol):
    """Strongly consistent reads of one record."""

    def load(self, key: PluginKey) -> Plugin:
        """Give the record or raise `NotFound`."""

    def namespace_of(self, plugin_id: str) -> str | None:
        """Give the namespace that holds this id, None if there is none."""


class PluginWriter(Protocol):
    """One conditional transaction: record, event, version and slug together."""

    def commit(self, change: Change, *, idempotency: Idempotency | None = None) -> None:
        """Write or raise `Conflict`, `SlugTaken`; nothing is half-written."""


class PluginTable(PluginReader, PluginWriter, Protocol):
    """Load, decide, commit: what the workers need."""


class RequestLog(Protocol):
    """Earlier requests by Idempotency-Key."""

    def find_request(self, key: str) -> StoredRequest | None:
        """Give what the key did before, None if it is new or expired."""


class PluginLister(Protocol):
    """Lists for the API."""

    def list_namespaces(self) -> Sequence[str]:
        """Give every namespace that has or had plugins, sorted."""

    def list_plugins(self, namespace: str) -> Sequence[Plugin]:
        """Give the namespace's plugins, newest first (bounded by the namespace's quota)."""


class PluginHistory(Protocol):
    """The audit trail and the versions of one plugin."""

    def list_events(self, plugin_id: str, *, limit: int, after_revision: int = 0) -> Sequence[tuple[int, Event]]:
        """Give events as (revision, event), oldest first, those behind `after_revision`."""

    def list_versions(self, plugin_id: str) -> Sequence[Version]:
        """Give the versions, newest first."""


class SourceIndex(Protocol):
    """Who pulls from a repository."""

    def plugins_of_source(self, source_key: str) -> Sequence[PluginKey]:
        """Give the plugins whose command names `registry/repository`; eventually consistent."""


class DueIndex(Protocol):
    """Whose time has come."""

    def due(self, *, epoch: int, limit: int) -> Sequence[DuePlugin]:
        """Give plugins due at or before `epoch`, oldest first; eventually consistent."""

    def postpone(self, entry: DuePlugin, *, until: int) -> bool:
        """Move one plugin's due time if it is still the one read; False if it has moved."""


Clock = Callable[[], float]
"""Epoch seconds."""

Json = dict[str, Any]
