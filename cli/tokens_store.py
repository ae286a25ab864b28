"""The table of API tokens on DynamoDB; it holds hashes only."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.aws import aws_errors, client


class DynamoDBTokens:
    """Writes tokens; the authorizer reads them.

    Args:
        client: a DynamoDB client.
        table_name: the tokens table.
    """

    def __init__(self, *, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def put(self, item: Mapping[str, Any]) -> None:
        """Store one new token; raises `Refused` when the table refuses."""
        with aws_errors("PutItem"):
            self._client.put_item(
                TableName=self._table, Item=dict(item), ConditionExpression="attribute_not_exists(pk)"
            )

    def revoke(self, token_id: str) -> bool:
        """Mark the token revoked; False when there is none with this id.

        The table's key is the hash, which nobody has at hand: the few items are searched for the id.
        """
        found = False
        for key in list(self._keys_of(token_id)):
            with aws_errors("UpdateItem"):
                self._client.update_item(
                    TableName=self._table,
                    Key=key,
                    UpdateExpression="SET revoked = :true",
                    ConditionExpression="attribute_exists(pk)",
                    ExpressionAttributeValues={":true": {"BOOL": True}},
                )
            found = True
        return found

    def _keys_of(self, token_id: str) -> Iterator[dict[str, Any]]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "FilterExpression": "token_id = :id",
            "ExpressionAttributeValues": {":id": {"S": token_id}},
            "ProjectionExpression": "pk",
            "ConsistentRead": True,
        }
        while True:
            with aws_errors("Scan"):
                answer = self._client.scan(**request)
            yield from ({"pk": item["pk"]} for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def tokens_table(table_name: str) -> DynamoDBTokens:
    """Connect with the AWS credentials of the environment."""
    return DynamoDBTokens(client=client("dynamodb"), table_name=table_name)
