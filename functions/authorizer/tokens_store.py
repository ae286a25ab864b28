"""The tokens table on DynamoDB, read only."""

from typing import Any

from functions.authorizer.reasons import BAD_TOKEN_ITEM
from functions.authorizer.use_case import StoredToken
from shared.aws import aws_errors
from shared.errors import Refused


class DynamoDBTokens:
    """Implements `TokenTable`.

    Args:
        client: a DynamoDB client.
        table_name: the tokens table.
    """

    def __init__(self, *, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def find_token(self, key: str) -> StoredToken | None:
        """Read one token, strongly consistent: a revocation counts from the next call on.

        Raises:
            Refused: `bad_token_item`, or the table refused the read.
            Transient: the table did not answer.
        """
        with aws_errors("GetItem"):
            answer = self._client.get_item(TableName=self._table, Key={"pk": {"S": key}}, ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return None
        try:
            return StoredToken(
                token_id=item["token_id"]["S"],
                scopes=tuple(entry["S"] for entry in item["scopes"]["L"]),
                namespaces=tuple(entry["S"] for entry in item["namespaces"]["L"]),
                expires_at=int(item["expires_at"]["N"]) if "expires_at" in item else None,
                revoked=item["revoked"]["BOOL"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(BAD_TOKEN_ITEM, type(error).__name__) from error
