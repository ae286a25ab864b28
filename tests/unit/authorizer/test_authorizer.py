"""Who is let in by the authorizer, and what nobody ever learns from it."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.authorizer.handler import Authorizer, Unauthorized
from functions.authorizer.settings import Settings
from functions.authorizer.tokens_store import DynamoDBTokens
from functions.authorizer.use_case import StoredToken
from shared.errors import Refused, Transient
from shared.tokens import new_token, token_key
from tests.unit.registration.fakes import NOW, Clock, InMemoryTokens, captured_log

ARN = "arn:aws:execute-api:eu-west-1:123456789012:abc123/live/GET/api/v1/plugins"
JWT = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (b'{"alg":"none"}', b'{"sub":"alice"}', b"")
)


@pytest.fixture
def tokens() -> InMemoryTokens:
    """An empty token table."""
    return InMemoryTokens()


def authorize(tokens: Any, event: Mapping[str, Any], *, now: float = NOW) -> dict[str, Any]:
    """Run one event through the authorizer."""
    return Authorizer(tokens=tokens, clock=Clock(now)).handle({"methodArn": ARN, **event})


def with_header(value: object) -> dict[str, Any]:
    """Give a TOKEN event."""
    return {"type": "TOKEN", "authorizationToken": value}


def test_a_known_token_may_use_the_whole_api_of_its_stage(tokens: InMemoryTokens) -> None:
    """The policy covers every path of this API and stage: what a scope may do is decided in the API itself."""
    token = tokens.add("tok_1", scopes="read write", namespaces="team-a team-b")
    answer = authorize(tokens, with_header(f"Bearer {token}"))
    statement = answer["policyDocument"]["Statement"][0]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == "arn:aws:execute-api:eu-west-1:123456789012:abc123/live/*"
    assert answer["principalId"] == "tok_1"


def test_the_context_tells_the_api_who_calls_in_texts_only(tokens: InMemoryTokens) -> None:
    """API Gateway passes nothing but texts on, and the cursor's key is derived, never the token or its hash."""
    token = tokens.add("tok_1", scopes="read write", namespaces="team-a team-b")
    context = authorize(tokens, with_header(f"Bearer {token}"))["context"]
    assert context["scopes"] == "read write"
    assert context["namespaces"] == "team-a team-b"
    assert len(context["cursor_key"]) == 64
    assert context["cursor_key"] not in token_key(token)
    assert token not in json.dumps(context)


def test_a_request_authorizer_event_is_read_as_well(tokens: InMemoryTokens) -> None:
    """Header names are read without regard to case."""
    token = tokens.add("tok_1", scopes="read", namespaces="*")
    event = {"type": "REQUEST", "headers": {"authorization": f"Bearer {token}"}}
    assert authorize(tokens, event)["principalId"] == "tok_1"


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "Bearer",
        "bearer {token}",
        "BEARER {token}",
        "Token {token}",
        "Basic {token}",
        "Bearer  {token}",
        "Bearer {token} ",
        " Bearer {token}",
        "Bearer\t{token}",
        "Bearer {token}\n",
        "Bearer {token},Bearer {token}",
        "Bearer {token}\x00",
        "Bearer ppt_ä",
        "Bearer undefined",
        "Bearer " + "a" * 20_000,
        f"Bearer {JWT}",
        "Bearer ppt_" + "a" * 42,
        "Bearer ppt_" + "a" * 44,
        "{token}",
        None,
        5,
    ],
)
def test_anything_but_one_exact_bearer_token_is_unauthorized(tokens: InMemoryTokens, credential: str | None) -> None:
    """No variant of the header is repaired."""
    token = tokens.add("tok_1", scopes="read", namespaces="*")
    given = credential.replace("{token}", token) if isinstance(credential, str) else credential
    with pytest.raises(Unauthorized, match=r"\AUnauthorized\Z"):
        authorize(tokens, with_header(given))


def test_a_malformed_token_costs_no_look_up(tokens: InMemoryTokens) -> None:
    """What can't be in the table is not searched for: the table is down here, and the answer is 401 all the same."""
    tokens.unavailable = True
    with pytest.raises(Unauthorized):
        authorize(tokens, with_header("Bearer nonsense"))


@pytest.mark.parametrize("headers", [{}, {"Authorization": []}, {"X-Other": ["1"]}])
def test_a_request_without_the_header_is_unauthorized(tokens: InMemoryTokens, headers: dict[str, Any]) -> None:
    """REQUEST events come without a header, too."""
    with pytest.raises(Unauthorized):
        authorize(tokens, {"type": "REQUEST", "multiValueHeaders": headers})


def test_two_authorization_headers_are_unauthorized(tokens: InMemoryTokens) -> None:
    """Two readers could take two different ones."""
    token = tokens.add("tok_1", scopes="read", namespaces="*")
    event = {"type": "REQUEST", "multiValueHeaders": {"Authorization": [f"Bearer {token}"] * 2}}
    with pytest.raises(Unauthorized):
        authorize(tokens, event)


def test_unknown_revoked_and_expired_tokens_are_unauthorized(tokens: InMemoryTokens) -> None:
    """A token counts until the second of its expiry, and not when it is revoked."""
    revoked = tokens.add("tok_1", scopes="read", namespaces="*")
    tokens.revoke(revoked)
    expiring = tokens.add("tok_2", scopes="read", namespaces="*", expires_at=int(NOW))
    for token in (new_token(), revoked, expiring):
        with pytest.raises(Unauthorized):
            authorize(tokens, with_header(f"Bearer {token}"))
    assert authorize(tokens, with_header(f"Bearer {expiring}"), now=NOW - 1)["principalId"] == "tok_2"


def test_a_table_that_does_not_answer_lets_nobody_in(tokens: InMemoryTokens) -> None:
    """The error is not `Unauthorized`, so the API answers 500 and callers do not throw their tokens away."""
    token = tokens.add("tok_1", scopes="read", namespaces="*")
    tokens.unavailable = True
    with pytest.raises(Transient):
        authorize(tokens, with_header(f"Bearer {token}"))


def test_the_log_has_the_reason_and_never_the_token(tokens: InMemoryTokens) -> None:
    """One line a refusal."""
    token = new_token()
    authorizer = Authorizer(tokens=tokens, clock=Clock())
    with captured_log() as log, pytest.raises(Unauthorized):
        authorizer.handle({"methodArn": ARN, **with_header(f"Bearer {token}")})
    assert json.loads(log.getvalue())["reason"] == "unknown_token"
    assert token not in log.getvalue()
    assert token_key(token) not in log.getvalue()


@pytest.mark.parametrize("event", [None, [], {}, {"methodArn": 5}, {"methodArn": "arn"}])
def test_an_event_of_something_else_is_refused(tokens: InMemoryTokens, event: Any) -> None:
    """Nobody is let in, and it is not the caller's fault."""
    with pytest.raises(Refused, match="bad_authorizer_event"):
        Authorizer(tokens=tokens, clock=Clock()).handle(event)


def test_the_settings_name_their_variable() -> None:
    """A missing table name stops the function by name."""
    assert Settings.environment_names() == {"TOKENS_TABLE_NAME"}
    with pytest.raises(Refused, match="TOKENS_TABLE_NAME"):
        Settings.from_environment({})


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """A DynamoDB with an empty tokens table."""
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_table(
            TableName="tokens",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def put(client: Any, token: str, **changes: Any) -> None:
    """Store a token's item as the command line does."""
    item = {
        "pk": {"S": token_key(token)},
        "token_id": {"S": "tok_1"},
        "scopes": {"L": [{"S": "read"}]},
        "namespaces": {"L": [{"S": "team-a"}]},
        "revoked": {"BOOL": False},
    }
    client.put_item(TableName="tokens", Item={k: v for k, v in (item | changes).items() if v is not None})


def test_the_table_gives_a_token_by_its_hash(dynamodb: Any) -> None:
    """The expiry is optional."""
    token, table = new_token(), DynamoDBTokens(client=dynamodb, table_name="tokens")
    put(dynamodb, token)
    stored = StoredToken("tok_1", ("read",), ("team-a",), None, revoked=False)
    assert table.find_token(token_key(token)) == stored
    put(dynamodb, token, expires_at={"N": "5"})
    found = table.find_token(token_key(token))
    assert found is not None
    assert found.expires_at == 5
    assert table.find_token(token_key(new_token())) is None


@pytest.mark.parametrize("changes", [{"revoked": None}, {"scopes": {"S": "read"}}, {"expires_at": {"S": "never"}}])
def test_a_broken_item_lets_nobody_in(dynamodb: Any, changes: dict[str, Any]) -> None:
    """An item that can't be read is a fault of ours, not an anonymous caller and not a pass."""
    token = new_token()
    put(dynamodb, token, **changes)
    with pytest.raises(Refused, match="bad_token_item"):
        authorize(DynamoDBTokens(client=dynamodb, table_name="tokens"), with_header(f"Bearer {token}"))


def test_a_missing_table_lets_nobody_in(dynamodb: Any) -> None:
    """The mapped error is not `Unauthorized`."""
    with pytest.raises(Refused, match="aws_denied"):
        DynamoDBTokens(client=dynamodb, table_name="absent").find_token("TOKEN#x")
