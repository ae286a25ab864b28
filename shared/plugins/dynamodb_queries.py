"""Lists and indexes of the table: `PluginLister`, `PluginHistory`, `SourceIndex`, `DueIndex` on DynamoDB."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.aws import aws_errors
from shared.plugins import items
from shared.plugins.items import Item
from shared.plugins.ports import DuePlugin, PluginKey
from shared.plugins.record import Plugin, Version
from shared.plugins.transitions import Event


class DynamoDBQueries:
    """Reads many items; index reads are eventually consistent, table reads strongly.

    Args:
        client: a DynamoDB client.
        table_name: the table.
    """

    def __init__(self, *, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def list_namespaces(self) -> Sequence[str]:
        """Give every namespace in use, sorted."""
        return [item["sk"]["S"] for item in self._query("pk = :pk", {":pk": "NAMESPACES"})]

    def list_plugins(self, namespace: str) -> Sequence[Plugin]:
        """Give the namespace's plugins, newest first."""
        values = {":pk": f"NS#{namespace}", ":sk": "PLUGIN#"}
        found = self._query("pk = :pk AND begins_with(sk, :sk)", values, forward=False)
        return [Plugin.from_json(item["document"]["S"]) for item in found]

    def list_events(self, plugin_id: str, *, limit: int, after_revision: int = 0) -> Sequence[tuple[int, Event]]:
        """Give at most `limit` events behind `after_revision`, oldest first."""
        values = {
            ":pk": f"PLUGIN#{plugin_id}",
            ":from": f"EVENT#{after_revision + 1:012d}",
            ":to": "EVENT#999999999999",
        }
        found = self._query("pk = :pk AND sk BETWEEN :from AND :to", values, limit=limit)
        return [_event(item) for item in found]

    def list_versions(self, plugin_id: str) -> Sequence[Version]:
        """Give the versions, newest first."""
        values = {":pk": f"PLUGIN#{plugin_id}", ":sk": "VERSION#"}
        found = self._query("pk = :pk AND begins_with(sk, :sk)", values, forward=False)
        return [Version.from_document(json.loads(item["document"]["S"])) for item in found]

    def plugins_of_source(self, source_key: str) -> Sequence[PluginKey]:
        """Give the plugins whose command names this `registry/repository`."""
        found = self._query("source_key = :key", {":key": source_key}, index="source")
        return [_key_of(item) for item in found]

    def due(self, *, epoch: int, limit: int) -> Sequence[DuePlugin]:
        """Give plugins due at or before `epoch`, at most `limit`, oldest first."""
        entries: list[DuePlugin] = []
        for shard in range(items.DUE_SHARDS):
            found = self._query(
                "due_shard = :shard AND due_at <= :now",
                {":shard": f"DUE#{shard}", ":now": epoch},
                index="due",
                limit=limit,
            )
            entries.extend(DuePlugin(_key_of(item), int(item["due_at"]["N"])) for item in found)
        return sorted(entries, key=lambda entry: entry.due_at)[:limit]

    def postpone(self, entry: DuePlugin, *, until: int) -> bool:
        """Move the due time if it is still the one read.

        Only the index attribute moves: the record's document keeps its own time until its next write, which sets
        both. False means that the plugin has moved on meanwhile, or is gone.
        """
        with aws_errors("UpdateItem"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=items.plugin_key(entry.key),
                    UpdateExpression="SET due_at = :until",
                    ConditionExpression="due_at = :read",
                    ExpressionAttributeValues={":until": {"N": str(until)}, ":read": {"N": str(entry.due_at)}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _query(
        self,
        condition: str,
        values: Mapping[str, str | int],
        *,
        index: str = "",
        limit: int = 0,
        forward: bool = True,
    ) -> Iterator[Item]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {
                name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()
            },
            "ScanIndexForward": forward,
        }
        request |= {"IndexName": index} if index else {"ConsistentRead": True}
        given = 0
        while True:
            if limit:
                request["Limit"] = limit - given
            answer = self._answer(request)
            yield from answer["Items"]
            given += len(answer["Items"])
            if "LastEvaluatedKey" not in answer or (limit and given >= limit):
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        with aws_errors("Query"):
            answer: dict[str, Any] = self._client.query(**request)
        return answer


def _key_of(item: Item) -> PluginKey:
    """Index entries carry the table's own key, whatever else they project."""
    return PluginKey(item["pk"]["S"].removeprefix("NS#"), item["sk"]["S"].removeprefix("PLUGIN#"))


def _event(item: Item) -> tuple[int, Event]:
    document = json.loads(item["document"]["S"])
    event = Event(
        name=document["name"],
        at=document["at"],
        actor=document["actor"],
        correlation_id=document["correlation_id"],
        detail=document["detail"],
    )
    return int(document["revision"]), event
