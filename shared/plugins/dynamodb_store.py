"""The table: one conditional transaction for each change (`items.py` says how things lie in it)."""

import json
from collections.abc import Sequence
from typing import Any, Final

from shared.aws import AWS_UNAVAILABLE, aws_errors
from shared.errors import NotFound, PlugportError, Refused, Transient
from shared.plugins import items
from shared.plugins.items import Item
from shared.plugins.ports import (
    PLUGIN_NOT_FOUND,
    SLUG_TAKEN,
    WRITE_CONFLICT,
    Clock,
    Conflict,
    Idempotency,
    PluginKey,
    SlugTaken,
    StoredRequest,
)
from shared.plugins.record import Plugin
from shared.plugins.transitions import Change

_NEW: Final = "attribute_not_exists(pk)"


class DynamoDBStore:
    """Implements `PluginTable` and `RequestLog` on one DynamoDB table.

    Args:
        client: a DynamoDB client.
        table_name: the table.
        clock: epoch seconds, for expiry times.
    """

    def __init__(self, *, client: Any, table_name: str, clock: Clock) -> None:
        self._client = client
        self._table = table_name
        self._clock = clock
        self._namespaces: set[str] = set()

    def load(self, key: PluginKey) -> Plugin:
        """Read one record, strongly consistent; raises `NotFound`."""
        item = self._get(items.plugin_key(key))
        if item is None:
            raise NotFound(PLUGIN_NOT_FOUND)
        return Plugin.from_json(item["document"]["S"])

    def namespace_of(self, plugin_id: str) -> str | None:
        """Give the namespace that holds the id, None if there is none."""
        item = self._get(items.pointer_key(plugin_id))
        return None if item is None else str(item["namespace"]["S"])

    def find_request(self, key: str) -> StoredRequest | None:
        """Give what an Idempotency-Key did; an entry past its time counts as gone (TTL deletion is late)."""
        item = self._get(items.request_key(key))
        if item is None or int(item["expires_at"]["N"]) <= self._clock():
            return None
        return StoredRequest(item["body_sha256"]["S"], item["namespace"]["S"], item["id"]["S"])

    def commit(self, change: Change, *, idempotency: Idempotency | None = None) -> None:
        """Write record, event, version, slug and request memory in one transaction.

        Raises:
            Conflict: the record moved since it was loaded (or the Idempotency-Key was used meanwhile).
            SlugTaken: another plugin of the namespace has the slug.
            Transient: the table did not answer; all of it was written or nothing.
        """
        if change.before is None:
            self._remember_namespace(change.after.namespace)
        actions = self._actions(change, idempotency)
        with aws_errors("TransactWriteItems"):
            try:
                self._client.transact_write_items(TransactItems=[action for _, action in actions])
            except self._client.exceptions.TransactionCanceledException as error:
                raise self._cancelled(error, [name for name, _ in actions]) from error

    def _remember_namespace(self, namespace: str) -> None:
        """Write the namespace's entry, outside of the transaction: every creation would conflict over this one item.

        An entry without plugins is harmless, plugins without an entry would be missing from lists: so it comes first.
        """
        if namespace in self._namespaces:
            return
        with aws_errors("PutItem"):
            self._client.put_item(TableName=self._table, Item=items.namespace_item(namespace))
        self._namespaces.add(namespace)

    def _actions(self, change: Change, idempotency: Idempotency | None) -> list[tuple[str, dict[str, Any]]]:
        before, after, epoch = change.before, change.after, int(self._clock())
        actions = [("record", self._record_action(change))]
        if before is None:
            actions.append(("pointer", self._put(items.pointer_item(after), _NEW)))
        if before is not None and (change.deletes or before.slug != after.slug):
            actions.append(("slug_release", self._delete(items.slug_key(before.namespace, before.slug))))
        if change.deletes:
            actions.append(("pointer", self._delete(items.pointer_key(after.id))))
        elif before is None or before.slug != after.slug:
            actions.append(("slug", self._put(items.slug_item(after), _NEW)))
        if change.event is not None:
            actions.append(("event", self._put(items.event_item(after, change.event, epoch=epoch), _NEW)))
        if change.version is not None:
            actions.append(("version", self._put(items.version_item(after.id, change.version), _NEW)))
        if idempotency is not None:
            remembered = items.request_item(idempotency, after, epoch=epoch)
            actions.append(("request", self._put(remembered, f"{_NEW} OR expires_at < :now", epoch)))
        return actions

    def _record_action(self, change: Change) -> dict[str, Any]:
        if change.before is None:
            return self._put(items.plugin_item(change.after), _NEW)
        fence = {
            "ConditionExpression": "revision = :revision",
            "ExpressionAttributeValues": {":revision": {"N": str(change.before.revision)}},
        }
        if change.deletes:
            key = items.plugin_key(PluginKey(change.before.namespace, change.before.id))
            return {"Delete": {"TableName": self._table, "Key": key, **fence}}
        return {"Put": {"TableName": self._table, "Item": items.plugin_item(change.after), **fence}}

    def _put(self, item: Item, condition: str, epoch: int | None = None) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": item, "ConditionExpression": condition}
        if epoch is not None:
            put["ExpressionAttributeValues"] = {":now": {"N": str(epoch)}}
        return {"Put": put}

    def _delete(self, key: Item) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": key}}

    def _get(self, key: Item) -> Item | None:
        with aws_errors("GetItem"):
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def _cancelled(self, error: Any, names: Sequence[str]) -> PlugportError:
        """Say which condition failed; throttling and concurrent transactions are conflicts to repeat."""
        codes = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]
        failed = {name for name, code in zip(names, codes, strict=False) if code == "ConditionalCheckFailed"}
        if failed == {"slug"}:
            return SlugTaken(SLUG_TAKEN)
        if failed or "TransactionConflict" in codes:
            return Conflict(WRITE_CONFLICT, json.dumps(sorted(failed)) if failed else "concurrent transaction")
        if {"ThrottlingError", "ProvisionedThroughputExceeded"} & set(codes):
            return Transient(AWS_UNAVAILABLE, "TransactWriteItems: throttled")
        return Refused(WRITE_CONFLICT, f"TransactWriteItems: {sorted(set(codes))}")
