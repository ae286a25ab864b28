"""The whole table: the store and its queries in one object, for those who need both."""

from shared.plugins.dynamodb_queries import DynamoDBQueries
from shared.plugins.dynamodb_store import DynamoDBStore


class DynamoDBTable(DynamoDBStore, DynamoDBQueries):
    """Implements every port of `ports.py`; made as `DynamoDBStore` is."""
