"""Making and revoking API tokens."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli.tokens_store import DynamoDBTokens
from shared.errors import Refused
from shared.tokens import is_token
from tests.unit.cli.fakes import Terminal

TABLE = "tokens"


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A tokens table as the template makes it."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def _items(client: Any) -> list[dict[str, Any]]:
    return list(client.scan(TableName=TABLE)["Items"])


def test_create_stores_the_hash_only(dynamodb: Any) -> None:
    """The token is printed once; the table gets its sha256, scopes, namespaces and expiry."""
    terminal = Terminal(environment={"TOKENS_TABLE_NAME": TABLE})
    arguments = ["--scopes", "read,write", "--namespaces", "team-a,team-b", "--expires-in", "12h", "--format", "json"]
    assert terminal.run("token", "create", *arguments) == 0
    shown = json.loads(terminal.out)
    (item,) = _items(dynamodb)
    assert is_token(shown["token"])
    assert item["pk"]["S"] == "TOKEN#" + hashlib.sha256(shown["token"].encode()).hexdigest()
    assert item["token_id"]["S"] == shown["token_id"]
    assert item["scopes"] == {"L": [{"S": "read"}, {"S": "write"}]}
    assert item["namespaces"] == {"L": [{"S": "team-a"}, {"S": "team-b"}]}
    assert item["revoked"] == {"BOOL": False}
    assert int(item["expires_at"]["N"]) > 1_700_000_000
    assert shown["token"] not in json.dumps(item)


def test_create_defaults_to_little(dynamodb: Any) -> None:
    """Without options a token may read the default namespace for 90 days; 0 makes one that never expires."""
    terminal = Terminal(environment={})
    assert terminal.run("token", "create", "--table", TABLE) == 0
    assert terminal.run("token", "create", "--table", TABLE, "--expires-in", "0", "--namespaces", "*") == 0
    first, second = sorted(_items(dynamodb), key=lambda item: "expires_at" not in item)
    assert first["scopes"] == {"L": [{"S": "read"}]}
    assert first["namespaces"] == {"L": [{"S": "default"}]}
    assert second["namespaces"] == {"L": [{"S": "*"}]}
    assert "expires_at  never" in " ".join(terminal.out.split("\n"))


def test_revoke(dynamodb: Any) -> None:
    """A token is revoked by its id; an unknown id is exit code 1."""
    terminal = Terminal(environment={"TOKENS_TABLE_NAME": TABLE})
    assert terminal.run("token", "create", "--format", "json") == 0
    token_id = json.loads(terminal.out)["token_id"]
    for form in ("table", "json"):
        assert terminal.run("token", "revoke", token_id, "--format", form) == 0
        assert token_id in terminal.out
    assert _items(dynamodb)[0]["revoked"] == {"BOOL": True}
    assert terminal.run("token", "revoke", "tok_nothing") == 1
    assert terminal.err.startswith("no_such_token: ")


def test_search_goes_through_all_pages(dynamodb: Any) -> None:
    """A token on a later page of the scan is found."""
    padding = {"notes": {"S": "x" * 390_000}}
    for number in range(4):
        dynamodb.put_item(
            TableName=TABLE, Item={"pk": {"S": f"TOKEN#{number}"}, "token_id": {"S": f"t{number}"}, **padding}
        )
    table = DynamoDBTokens(client=dynamodb, table_name=TABLE)
    assert all(table.revoke(f"t{number}") for number in range(4))


def test_a_key_is_never_overwritten(dynamodb: Any) -> None:
    """An item that exists is refused, not replaced."""
    table = DynamoDBTokens(client=dynamodb, table_name=TABLE)
    table.put({"pk": {"S": "TOKEN#a"}})
    with pytest.raises(Refused):
        table.put({"pk": {"S": "TOKEN#a"}})


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["token", "create"], "no_table"),
        (["token", "create", "--table", TABLE, "--scopes", "root"], "invalid_option"),
        (["token", "create", "--table", TABLE, "--namespaces", "Team A"], "invalid_namespace"),
    ],
)
def test_wrong_usage(argv: list[str], reason: str, dynamodb: Any) -> None:
    """A missing table, an unknown scope and an invalid namespace are usage errors; nothing is stored."""
    terminal = Terminal(environment={})
    assert terminal.run(*argv) == 2
    assert terminal.err.startswith(f"{reason}: ")
    assert _items(dynamodb) == []
