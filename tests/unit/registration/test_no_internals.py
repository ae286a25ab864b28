"""Whatever is sent: an answer with a reason, never a fault of ours, and nothing of the inside in it."""

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.registration.routes import ROUTES
from shared.aws import AWS_DENIED
from shared.errors import Refused
from tests.unit.plugins.fakes import BrokenTable
from tests.unit.registration.fakes import PLUGINS, LocalGateway, Response

INTERNAL = (
    "Traceback",
    str(Path(__file__).parents[3]),
    "/var/task",
    "arn:aws",
    "Error",
    "functions.",
    "shared.",
    "pydantic",
    ".py",
)
GATEWAY = LocalGateway()
OWN = GATEWAY.create(GATEWAY.alice).json["data"]["id"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
field_names = st.sampled_from(
    [
        *("name", "command", "slug", "hook_type", "hook_types", "plugin_type", "is_active", "namespace", "config"),
        *("description", "checksum", "oci_reference", "resolve", "id", "extra"),
    ]
)
plausible: st.SearchStrategy[Any] = st.sampled_from(
    ["P", "grpc://a.example:1", "oci://r.example/a:1", "file:///x", "pre_auth", "team-a", "a" * 64, "", True, None, {}]
)
bodies = st.dictionaries(field_names, plausible | json_values, max_size=8)
header_texts = st.text(alphabet=string.printable + "äж\x00", max_size=60)
headers = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "If-Match", "If-None-Match", "Idempotency-Key", "X-Correlation-Id", "Content-Encoding", "X-A"]
    ),
    header_texts,
    max_size=3,
)
segments = st.sampled_from(["api", "v1", "plugins", "validate", "gateways", "team-a", OWN, "..", "%00", "health"])
paths = st.sampled_from([route.path.replace("{plugin_id}", OWN) for route in ROUTES]) | st.lists(
    segments | st.text(max_size=12), max_size=6
).map(lambda parts: "/" + "/".join(parts))
queries = st.dictionaries(
    st.sampled_from(["limit", "cursor", "page", "command", "after", "platform", "namespace", "status", "x"]),
    st.text(max_size=40),
    max_size=3,
)
methods = st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "FOO"])


def assert_answered(response: Response) -> None:
    """An answer in one of our forms, with nothing of the inside."""
    assert response.status < 500 or response.codes == ["not_built_yet"]
    if response.text:
        document = json.loads(response.text)
        assert response.text.encode()
        if response.status >= 400:
            assert all(entry["code"] and entry["hint"] for entry in document["errors"])
            assert not [word for word in INTERNAL if word in response.text]


@settings(max_examples=300, deadline=None)
@given(method=methods, path=paths, sent=headers, query=queries, body=bodies | json_values)
def test_any_call_is_answered(method: str, path: str, sent: Any, query: Any, body: Any) -> None:
    """Body, path, header and query at once."""
    if method == "DELETE" and path.endswith(OWN):
        return
    assert_answered(GATEWAY.call(method, path, token=GATEWAY.alice, headers=sent, query=query, body=body))


@settings(max_examples=150, deadline=None)
@given(raw=st.text(max_size=200) | st.binary(max_size=200), path=st.sampled_from([PLUGINS, f"{PLUGINS}/validate"]))
def test_any_bytes_are_a_body(raw: str | bytes, path: str) -> None:
    """Whether JSON or not."""
    if isinstance(raw, str):
        raw = raw.encode("utf-8", "surrogatepass")
    assert_answered(GATEWAY.call("POST", path, token=GATEWAY.alice, raw=raw))


@pytest.mark.parametrize("error", [RuntimeError("arn:aws:secret"), KeyError("/var/task/x.py"), RecursionError()])
def test_an_unforeseen_error_is_logged_and_not_told(error: Exception) -> None:
    """500 with the correlation id under which the log has the stack."""
    gateway = LocalGateway(table=BrokenTable(error))
    response = gateway.call("GET", f"{PLUGINS}/plg_{'0' * 26}", token=gateway.alice)
    assert (response.status, response.codes) == (500, ["unforeseen_error"])
    assert "3b1e5c0a-request" in response.text
    assert not [word for word in ("arn:aws", "/var/task", "Traceback", "Recursion") if word in response.text]
    assert json.loads(response.log.splitlines()[0])["exception"]


def test_a_table_that_refuses_us_is_our_fault() -> None:
    """A missing permission reads as 503, without naming the operation."""
    gateway = LocalGateway(table=BrokenTable(Refused(AWS_DENIED, "GetItem: AccessDeniedException")))
    response = gateway.call("GET", f"{PLUGINS}/plg_{'0' * 26}", token=gateway.alice)
    assert (response.status, response.codes) == (503, ["store_unavailable"])
    assert "GetItem" not in response.text
    assert "GetItem" in response.log


def test_a_table_that_does_not_answer_is_503() -> None:
    """With the time after which to try again."""
    gateway = LocalGateway()
    gateway.table.unavailable = True
    response = gateway.call("GET", PLUGINS, token=gateway.alice)
    assert (response.status, response.headers["retry-after"]) == (503, "2")


def test_a_value_can_not_forge_a_log_line() -> None:
    """One line a call, in ASCII, whatever the caller sent."""
    response = GATEWAY.call(
        "POST",
        PLUGINS,
        token=GATEWAY.alice,
        body={"name": 'x"}\n{"level":"ERROR"}', "command": "grpc://a.example:1", "\x1b[2J": 1, "\u202e": 1},
        headers={"X-Correlation-Id": 'a"}\n{'},
    )
    assert response.status == 400
    assert all(isinstance(json.loads(line), dict) for line in response.log.splitlines() if line)
    assert response.log.isascii()
    assert "level" not in response.text
