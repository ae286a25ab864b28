"""The plugin table in memory: every port of `shared/plugins/ports.py`, with switches to misbehave."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.errors import NotFound, PlugportError, Transient
from shared.plugins import items
from shared.plugins.ports import (
    PLUGIN_NOT_FOUND,
    SLUG_TAKEN,
    STORE_UNAVAILABLE,
    WRITE_CONFLICT,
    Clock,
    Conflict,
    DuePlugin,
    Idempotency,
    PluginKey,
    SlugTaken,
    StoredRequest,
)
from shared.plugins.record import Plugin, Version
from shared.plugins.transitions import Change, Event


class InMemoryPluginTable:
    """A table that answers as DynamoDB does: conditional transactions, optimistic locking, late expiry.

    Args:
        clock: epoch seconds.

    Attributes:
        conflicts: so many of the next commits lose against another writer.
        unavailable: every call fails as transient until it is False again.
        lost_answers: so many of the next commits are written, but the answer is lost on the way.
        outbox: documents of the audit entries in the order of their commits: what the stream delivers.
        commits: number of transactions written.
    """

    def __init__(self, *, clock: Clock = lambda: 1_795_500_000.0) -> None:
        self.conflicts = 0
        self.unavailable = False
        self.lost_answers = 0
        self.outbox: list[dict[str, Any]] = []
        self.commits = 0
        self._clock = clock
        self._lock = threading.RLock()
        self._plugins: dict[PluginKey, str] = {}
        self._due: dict[PluginKey, int] = {}
        self._namespaces: dict[str, str] = {}
        self._slugs: dict[tuple[str, str], str] = {}
        self._used: set[str] = set()
        self._events: dict[tuple[str, int], Event] = {}
        self._versions: dict[tuple[str, int], str] = {}
        self._requests: dict[str, tuple[StoredRequest, int]] = {}

    def load(self, key: PluginKey) -> Plugin:
        """`PluginReader`."""
        with self._reachable():
            if key not in self._plugins:
                raise NotFound(PLUGIN_NOT_FOUND)
            return Plugin.from_json(self._plugins[key])

    def namespace_of(self, plugin_id: str) -> str | None:
        """`PluginReader`."""
        with self._reachable():
            return self._namespaces.get(plugin_id)

    def find_request(self, key: str) -> StoredRequest | None:
        """`RequestLog`."""
        with self._reachable():
            stored = self._requests.get(key)
            return stored[0] if stored is not None and stored[1] > self._clock() else None

    def commit(self, change: Change, *, idempotency: Idempotency | None = None) -> None:
        """`PluginWriter`: all or nothing."""
        with self._reachable():
            if self.conflicts:
                self.conflicts -= 1
                raise Conflict(WRITE_CONFLICT, "concurrent transaction")
            failed = self._failed_conditions(change, idempotency)
            if failed:
                raise SlugTaken(SLUG_TAKEN) if failed == {"slug"} else Conflict(WRITE_CONFLICT, ", ".join(failed))
            self._write(change, idempotency)
            self.commits += 1
            if self.lost_answers:
                self.lost_answers -= 1
                raise Transient(STORE_UNAVAILABLE)

    def list_namespaces(self) -> Sequence[str]:
        """`PluginLister`."""
        with self._reachable():
            return sorted(self._used)

    def list_plugins(self, namespace: str) -> Sequence[Plugin]:
        """`PluginLister`."""
        with self._reachable():
            found = [text for key, text in self._plugins.items() if key.namespace == namespace]
            return sorted((Plugin.from_json(text) for text in found), key=lambda plugin: plugin.id, reverse=True)

    def list_events(self, plugin_id: str, *, limit: int, after_revision: int = 0) -> Sequence[tuple[int, Event]]:
        """`PluginHistory`."""
        with self._reachable():
            revisions = sorted(rev for owner, rev in self._events if owner == plugin_id and rev > after_revision)
            return [(revision, self._events[plugin_id, revision]) for revision in revisions[:limit]]

    def list_versions(self, plugin_id: str) -> Sequence[Version]:
        """`PluginHistory`."""
        with self._reachable():
            found = [json.loads(text) for (owner, _), text in self._versions.items() if owner == plugin_id]
            return sorted(map(Version.from_document, found), key=lambda version: version.number, reverse=True)

    def plugins_of_source(self, source_key: str) -> Sequence[PluginKey]:
        """`SourceIndex`."""
        with self._reachable():
            return [key for key, text in self._plugins.items() if Plugin.from_json(text).source_key == source_key]

    def due(self, *, epoch: int, limit: int) -> Sequence[DuePlugin]:
        """`DueIndex`."""
        with self._reachable():
            found = [DuePlugin(key, due_at) for key, due_at in self._due.items() if due_at <= epoch]
            return sorted(found, key=lambda entry: entry.due_at)[:limit]

    def postpone(self, entry: DuePlugin, *, until: int) -> bool:
        """`DueIndex`."""
        with self._reachable():
            if self._due.get(entry.key) != entry.due_at:
                return False
            self._due[entry.key] = until
            return True

    def all_plugins(self) -> Sequence[Plugin]:
        """Give every record: what a test compares."""
        return [Plugin.from_json(text) for text in self._plugins.values()]

    def _reachable(self) -> threading.RLock:
        if self.unavailable:
            raise Transient(STORE_UNAVAILABLE)
        return self._lock

    def _failed_conditions(self, change: Change, idempotency: Idempotency | None) -> set[str]:
        before, after = change.before, change.after
        failed = set()
        stored = self._plugins.get(PluginKey(after.namespace, after.id))
        current = Plugin.from_json(stored).revision if stored is not None else None
        if current != (None if before is None else before.revision):
            failed.add("record")
        if before is None and after.id in self._namespaces:
            failed.add("pointer")
        moves = not change.deletes and (before is None or before.slug != after.slug)
        if moves and (after.namespace, after.slug) in self._slugs:
            failed.add("slug")
        if change.event is not None and (after.id, after.revision) in self._events:
            failed.add("event")
        if change.version is not None and (after.id, change.version.number) in self._versions:
            failed.add("version")
        if idempotency is not None and self.find_request(idempotency.key) is not None:
            failed.add("request")
        return failed

    def _write(self, change: Change, idempotency: Idempotency | None) -> None:
        before, after, epoch = change.before, change.after, int(self._clock())
        key = PluginKey(after.namespace, after.id)
        if before is not None and (change.deletes or before.slug != after.slug):
            self._slugs.pop((before.namespace, before.slug), None)
        self._due.pop(key, None)
        if change.deletes:
            self._plugins.pop(key)
            self._namespaces.pop(after.id)
        else:
            self._plugins[key] = after.to_json()
            self._namespaces[after.id] = after.namespace
            self._slugs[after.namespace, after.slug] = after.id
            self._used.add(after.namespace)
            if after.next_due_at is not None:
                self._due[key] = after.next_due_at
        if change.event is not None:
            document = _document(items.event_item(after, change.event, epoch=epoch))
            self._events[after.id, after.revision] = replace(change.event, detail=document["detail"])
            self.outbox.append(document)
        if change.version is not None:
            self._versions[after.id, change.version.number] = json.dumps(
                _document(items.version_item(after.id, change.version))
            )
        if idempotency is not None:
            remembered = StoredRequest(idempotency.body_sha256, after.namespace, after.id)
            self._requests[idempotency.key] = (remembered, epoch + items.REQUEST_TTL_SECONDS)


class BrokenTable(InMemoryPluginTable):
    """A table whose every call raises the error that it was given."""

    def __init__(self, error: PlugportError | Exception) -> None:
        super().__init__()
        self._error = error

    def _reachable(self) -> threading.RLock:
        raise self._error


def _document(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(item["document"]["S"])
    return document
