"""How records lie in the table: keys and attributes of each kind of item. Pure.

| kind | pk | sk | what |
|---|---|---|---|
| plugin | `NS#<namespace>` | `PLUGIN#<id>` | the record as one JSON document, and the attributes that indexes need |
| slug | `NS#<namespace>` | `SLUG#<slug>` | keeps the slug unique |
| namespace | `NAMESPACES` | `<namespace>` | namespaces in use |
| pointer | `ID#<id>` | `ID` | which namespace holds the id |
| event | `PLUGIN#<id>` | `EVENT#<revision>` | audit trail and outbox: the relay reads its insertion |
| version | `PLUGIN#<id>` | `VERSION#<number>` | immutable |
| request | `REQUEST#<sha256>` | `REQUEST` | what an Idempotency-Key did |
"""

import json
import zlib
from dataclasses import asdict
from typing import Any, Final

from shared.plugins.ports import Idempotency, PluginKey
from shared.plugins.record import Plugin, Version
from shared.plugins.transitions import Event

Item = dict[str, dict[str, Any]]

#: Partitions of the due index; enough for 4,000 changes a second, few enough for one query each per sweep.
DUE_SHARDS: Final = 4
#: Seconds that an Idempotency-Key is remembered.
REQUEST_TTL_SECONDS: Final = 24 * 3600
#: Seconds that audit entries stay.
EVENT_TTL_SECONDS: Final = 90 * 24 * 3600


def plugin_key(key: PluginKey) -> Item:
    """Key of the record."""
    return {"pk": {"S": f"NS#{key.namespace}"}, "sk": {"S": f"PLUGIN#{key.plugin_id}"}}


def slug_key(namespace: str, slug: str) -> Item:
    """Key of the slug's reservation."""
    return {"pk": {"S": f"NS#{namespace}"}, "sk": {"S": f"SLUG#{slug}"}}


def pointer_key(plugin_id: str) -> Item:
    """Key of the pointer from id to namespace."""
    return {"pk": {"S": f"ID#{plugin_id}"}, "sk": {"S": "ID"}}


def request_key(key: str) -> Item:
    """Key of a remembered request."""
    return {"pk": {"S": f"REQUEST#{key}"}, "sk": {"S": "REQUEST"}}


def due_shard(plugin_id: str) -> str:
    """Spread the due index by id, the same on every machine."""
    return f"DUE#{zlib.crc32(plugin_id.encode()) % DUE_SHARDS}"


def plugin_item(plugin: Plugin) -> Item:
    """Give the record's item; index attributes are there only while they apply (sparse indexes)."""
    item: Item = {
        **plugin_key(PluginKey(plugin.namespace, plugin.id)),
        "kind": {"S": "plugin"},
        "id": {"S": plugin.id},
        "namespace": {"S": plugin.namespace},
        "status": {"S": plugin.status},
        "revision": {"N": str(plugin.revision)},
        "generation": {"N": str(plugin.generation)},
        "document": {"S": plugin.to_json()},
    }
    if plugin.next_due_at is not None:
        item["due_shard"] = {"S": due_shard(plugin.id)}
        item["due_at"] = {"N": str(plugin.next_due_at)}
    if plugin.source_key:
        item["source_key"] = {"S": plugin.source_key}
    return item


def slug_item(plugin: Plugin) -> Item:
    """Give the slug's reservation."""
    return {
        **slug_key(plugin.namespace, plugin.slug),
        "kind": {"S": "slug"},
        "id": {"S": plugin.id},
    }


def pointer_item(plugin: Plugin) -> Item:
    """Give the pointer from id to namespace."""
    return {**pointer_key(plugin.id), "kind": {"S": "pointer"}, "namespace": {"S": plugin.namespace}}


def namespace_item(namespace: str) -> Item:
    """Give the entry of a namespace in use."""
    return {"pk": {"S": "NAMESPACES"}, "sk": {"S": namespace}, "kind": {"S": "namespace"}}


def event_item(plugin: Plugin, event: Event, *, epoch: int) -> Item:
    """Give the audit entry; the relay needs nothing but this item to decide what comes next."""
    document = {
        **asdict(event),
        "plugin_id": plugin.id,
        "namespace": plugin.namespace,
        "slug": plugin.slug,
        "scheme": plugin.scheme,
        "is_active": plugin.is_active,
        "status": plugin.status,
        "generation": plugin.generation,
        "revision": plugin.revision,
    }
    return {
        "pk": {"S": f"PLUGIN#{plugin.id}"},
        "sk": {"S": f"EVENT#{plugin.revision:012d}"},
        "kind": {"S": "event"},
        "document": {"S": json.dumps(document, separators=(",", ":"), sort_keys=True)},
        "expires_at": {"N": str(epoch + EVENT_TTL_SECONDS)},
    }


def version_item(plugin_id: str, version: Version) -> Item:
    """Give the item of an immutable version."""
    return {
        "pk": {"S": f"PLUGIN#{plugin_id}"},
        "sk": {"S": f"VERSION#{version.number:06d}"},
        "kind": {"S": "version"},
        "document": {"S": json.dumps(asdict(version), separators=(",", ":"), sort_keys=True)},
    }


def request_item(request: Idempotency, plugin: Plugin, *, epoch: int) -> Item:
    """Give the memory of a creating request."""
    return {
        **request_key(request.key),
        "kind": {"S": "request"},
        "body_sha256": {"S": request.body_sha256},
        "namespace": {"S": plugin.namespace},
        "id": {"S": plugin.id},
        "expires_at": {"N": str(epoch + REQUEST_TTL_SECONDS)},
    }
