"""The plugin table on DynamoDB as moto has it, with the keys and indexes of the template."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import boto3
from moto import mock_aws

from shared.plugins.dynamodb_table import DynamoDBTable
from shared.plugins.ports import Clock

TABLE_NAME: Final = "plugins"


@contextmanager
def moto_table(clock: Clock) -> Iterator[DynamoDBTable]:
    """Give an empty table."""
    with mock_aws():
        client = dynamodb()
        create_table(client)
        yield DynamoDBTable(client=client, table_name=TABLE_NAME, clock=clock)


def dynamodb() -> Any:
    """Give a client that never looks for credentials."""
    return boto3.client("dynamodb", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")


def create_table(client: Any) -> None:
    """Make the table as `template.yaml` does."""
    client.create_table(
        TableName=TABLE_NAME,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys("pk", "sk"),
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in {"pk": "S", "sk": "S", "due_shard": "S", "due_at": "N", "source_key": "S"}.items()
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "due",
                "KeySchema": _keys("due_shard", "due_at"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "source",
                "KeySchema": _keys("source_key", "sk"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
    )


def _keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
