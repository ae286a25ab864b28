"""The API's front door: who gets in, and to what."""

import json
import stat

import pytest
import requests

from local.paths import TOKEN_FILE
from local.stack import Stack

pytestmark = pytest.mark.enable_socket


def call(stack: Stack, path: str, *, token: str | None = None) -> tuple[int, bytes]:
    """Give status and body of a GET."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = requests.get(stack.api_url + path, headers=headers, timeout=60)
    return answer.status_code, answer.content


@pytest.mark.parametrize("path", ["/health", "/api/v1/health"])
def test_liveness_is_open(stack: Stack, path: str) -> None:
    """Liveness answers without a token."""
    status, body = call(stack, path)
    assert (status, json.loads(body)["status"]) == (200, "ok")


@pytest.mark.parametrize("path", ["/", "/api/v1/plugins", "/api/v1/plugins/x/health", "/healthy"])
def test_everything_else_needs_a_token(stack: Stack, path: str) -> None:
    """Without a token every path is a 401, whether it exists or not."""
    assert call(stack, path)[0] == 401


@pytest.mark.parametrize("token", ["", "nonsense", "ppt_" + 43 * "A"])
def test_only_tokens_of_the_table_count(stack: Stack, token: str) -> None:
    """A token that is malformed or not in the table is a 401."""
    assert call(stack, "/api/v1/plugins", token=token)[0] == 401


def test_the_local_token_opens_the_api(stack: Stack) -> None:
    """The token that `up` made lists plugins; nobody else on the machine can read it."""
    assert stat.S_IMODE(TOKEN_FILE.stat().st_mode) == 0o600
    status, body = call(stack, "/api/v1/plugins", token=stack.token)
    assert status == 200
    assert isinstance(json.loads(body)["data"], list)


def test_only_the_tokens_hash_is_stored(stack: Stack) -> None:
    """No item of the tokens table holds the token's text."""
    items = stack.client("dynamodb").scan(TableName=stack.outputs["TokensTableName"])["Items"]
    assert items
    assert stack.token not in json.dumps(items)
