"""What is read of an event, and what is refused before any route runs."""

import base64
import gzip
import json
from typing import Any

import pytest

from shared.errors import Refused
from tests.unit.registration.fakes import PLUGINS, LocalGateway, proxy_event

BODY = {"name": "P", "command": "grpc://plugins.example.com:50051"}


@pytest.fixture
def gateway() -> LocalGateway:
    """A running API."""
    return LocalGateway()


def post(gateway: LocalGateway, **arguments: Any) -> Any:
    """POST a plugin as alice."""
    if "raw" not in arguments:
        arguments = {"body": BODY, **arguments}
    return gateway.call("POST", PLUGINS, token=gateway.alice, **arguments)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (None, 201),
        ("application/json", 201),
        ("Application/JSON; charset=UTF-8", 201),
        ("application/x-www-form-urlencoded", 201),  # the product document's own curl calls send this
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
def test_the_body_is_json_whatever_curl_calls_it(gateway: LocalGateway, given: str | None, status: int) -> None:
    """Other types are refused, so nothing is ever read in two ways."""
    assert post(gateway, headers={"content-type": given}).status == status


def test_a_form_is_not_read_as_one(gateway: LocalGateway) -> None:
    """What counts is that the body is JSON."""
    response = post(gateway, raw="name=x&command=y", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert response.codes == ["invalid_json"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "invalid_json"),
        ('{"name":', "invalid_json"),
        ('{"name":NaN}', "invalid_json"),
        ('{"name":"a","name":"b"}', "json_duplicate_key"),
        ("[]", "invalid_body"),
        ("null", "invalid_body"),
        ('{"a":' * 33 + "1" + "}" * 33, "json_too_deep"),
        ('{"name":"\\ud800"}', "invalid_json"),
        ("\ufeff{}", "invalid_json"),
        ("{}", "field_missing"),
    ],
)
def test_a_body_that_is_not_one_object_is_refused(gateway: LocalGateway, raw: str, code: str) -> None:
    """By the same strict reader as everything else."""
    response = post(gateway, raw=raw)
    assert (response.status, response.codes[0]) == (400, code)


def test_a_body_below_256_kib_is_read_and_no_larger_one(gateway: LocalGateway) -> None:
    """The size is looked at before anything else of the body."""
    room = 256 * 1024 - 1 - len(json.dumps({**BODY, "colour": ""}))
    assert post(gateway, body={**BODY, "colour": "x" * room}).status == 201
    too_large = post(gateway, body={**BODY, "colour": "x" * (room + 1)})
    assert (too_large.status, too_large.codes) == (413, ["body_too_large"])
    assert post(gateway, raw=b"x" * 600_000).status == 413
    assert post(gateway, raw="ä" * 140_000).status == 413


def test_a_binary_event_is_decoded(gateway: LocalGateway) -> None:
    """API Gateway may send the body as base64."""
    assert post(gateway, raw=json.dumps(BODY).encode()).status == 201


def test_broken_base64_is_refused(gateway: LocalGateway) -> None:
    """It can't come from API Gateway, and does not harm."""
    event = proxy_event("POST", PLUGINS, headers={}, body=b"x", query={})
    assert gateway.api.handle({**event, "body": "*"})["statusCode"] == 400


def test_a_compressed_body_is_not_unpacked(gateway: LocalGateway) -> None:
    """415 whatever its size."""
    packed = gzip.compress(json.dumps(BODY).encode())
    response = post(gateway, raw=packed, headers={"Content-Encoding": "gzip"})
    assert (response.status, response.codes) == (415, ["unsupported_content_encoding"])
    assert post(gateway, headers={"Content-Encoding": "identity"}).status == 201


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X-Padding": "x" * 9000}, "headers_too_large"),
        ({"Idempotency-Key": ["a", "b"]}, "ambiguous_request"),
        ({"Content-Type": ["application/json", "text/plain"]}, "ambiguous_request"),
        ({"If-Match": ['"1"', '"2"']}, "ambiguous_request"),
        ({"Transfer-Encoding": "chunked", "Content-Length": "4"}, "ambiguous_request"),
    ],
)
def test_headers_that_can_be_read_in_two_ways_are_refused(
    gateway: LocalGateway, headers: dict[str, Any], code: str
) -> None:
    """And so are those that are too many."""
    assert post(gateway, headers=headers).codes == [code]


def test_two_authorization_headers_are_refused(gateway: LocalGateway) -> None:
    """The gateway shows its authorizer only one of them."""
    both = {"Authorization": [f"Bearer {gateway.bob}", f"Bearer {gateway.alice}"]}
    assert gateway.call("GET", PLUGINS, headers=both).codes == ["ambiguous_request"]


@pytest.mark.parametrize("given", ["abc-1_2.3", "a" * 64])
def test_the_callers_correlation_id_is_kept(gateway: LocalGateway, given: str) -> None:
    """It connects the caller's log with ours."""
    assert post(gateway, headers={"x-correlation-id": given}).headers["x-correlation-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", 'a"}\n{', "ä", None])
def test_a_malformed_correlation_id_is_replaced(gateway: LocalGateway, given: str | None) -> None:
    """By the gateway's own id of the request."""
    response = post(gateway, headers={"X-Correlation-Id": given})
    assert response.headers["x-correlation-id"] == "3b1e5c0a-request"


def test_every_answer_has_the_headers_of_an_api(gateway: LocalGateway) -> None:
    """Never cached, never sniffed, never for another origin; also on errors."""
    for response in (post(gateway), gateway.call("GET", "/nowhere", token=gateway.alice)):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-type"] == "application/json"
        assert not [name for name in response.headers if name.startswith("access-control")]


def test_links_never_come_from_a_header(gateway: LocalGateway) -> None:
    """They are relative to what the gateway itself says about its path."""
    response = post(gateway, headers={"Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com"})
    assert "evil" not in response.text + str(response.headers)


@pytest.mark.parametrize("full", [None, "/other", 5])
def test_a_strange_context_path_gives_links_without_prefix(gateway: LocalGateway, full: object) -> None:
    """As behind a custom domain without base path."""
    event = proxy_event("POST", PLUGINS, headers={}, body=json.dumps(BODY), query={})
    event["requestContext"] |= {
        "path": full,
        "authorizer": {"token_id": "t", "scopes": "write", "namespaces": "*", "cursor_key": "k"},
    }
    assert gateway.api.handle(event)["headers"]["Location"].startswith(f"{PLUGINS}/plg_")


def test_an_event_without_multi_values_is_read(gateway: LocalGateway) -> None:
    """Test invocations of the console send only the single ones."""
    event = proxy_event("GET", "/api/v1/plugins/validate", headers={}, body=None, query={"command": "x"})
    event |= {"multiValueHeaders": None, "multiValueQueryStringParameters": None}
    event["requestContext"]["authorizer"] = {
        "token_id": "t", "scopes": "read", "namespaces": "*", "cursor_key": "k",
    }  # fmt: skip
    assert json.loads(gateway.api.handle(event)["body"])["data"]["attributes"]["decision"] == "deny"


@pytest.mark.parametrize("event", [None, [], {}, {"Records": []}, {"httpMethod": 5}])
def test_an_event_of_something_else_is_refused(gateway: LocalGateway, event: Any) -> None:
    """The function serves nothing but its API."""
    with pytest.raises(Refused, match="bad_envelope"):
        gateway.api.handle(event)


def test_base64_of_a_large_body_is_not_decoded(gateway: LocalGateway) -> None:
    """Its length alone says too much."""
    event = proxy_event("POST", PLUGINS, headers={}, body=None, query={})
    event |= {"body": base64.b64encode(b"x" * 400_000).decode(), "isBase64Encoded": True}
    assert gateway.api.handle(event)["statusCode"] == 413
