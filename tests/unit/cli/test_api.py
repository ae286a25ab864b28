"""The HTTP client, over a transport in memory."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from cli.api import ApiRefused, ApiUnavailable, HttpApi, parse_endpoint
from cli.reasons import UsageError
from shared.errors import Refused

Step = tuple[int, object] | Exception


class FakeTransport(BaseAdapter):
    """Answers each request with the next step, the last one for ever; keeps what was sent."""

    def __init__(self, *steps: Step) -> None:
        super().__init__()
        self.steps = list(steps)
        self.sent: list[requests.PreparedRequest] = []
        self.timeouts: list[Any] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # one signature for all options
        """Answer in memory."""
        self.sent.append(request)
        self.timeouts.append(options["timeout"])
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        response = requests.Response()
        response.status_code = step[0]
        content = step[1] if isinstance(step[1], bytes) else json.dumps(step[1]).encode()
        response.raw = io.BytesIO(content)
        response.headers.update({"ETag": '"1"'})
        if 300 <= step[0] < 400:
            response.headers["Location"] = "https://evil.example.com/"
        response.request = request
        response.url = str(request.url)
        return response

    def close(self) -> None:
        """Nothing is open."""


def client(transport: FakeTransport, *, token: str | None = "ppt_secret", pauses: list[float] | None = None) -> HttpApi:
    """Give a client whose session has only this transport."""
    session = requests.Session()
    session.mount("https://", transport)
    sleep = (pauses if pauses is not None else []).append
    return HttpApi("https://api.test/live", token=token, timeout_seconds=9, session=session, sleep=sleep)


def test_a_call() -> None:
    """Token, body and query go out; status, document and headers come back; waits are bounded."""
    transport = FakeTransport((201, {"data": {}}))
    answer = client(transport).call("POST", "/api/v1/plugins", query={"a": "b c"}, body={"x": 1})
    assert (answer.status, answer.document, answer.headers["etag"]) == (201, {"data": {}}, '"1"')
    request = transport.sent[0]
    assert request.url == "https://api.test/live/api/v1/plugins?a=b+c"
    assert request.headers["Authorization"] == "Bearer ppt_secret"
    assert json.loads(request.body or b"") == {"x": 1}
    assert transport.timeouts == [(5.0, 9)]


def test_an_empty_answer_is_an_empty_document() -> None:
    """A 204 has no document."""
    assert client(FakeTransport((204, b""))).call("DELETE", "/x").document == {}


def test_netrc_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A netrc entry for the API's host is not used, with or without a token."""
    (tmp_path / "netrc").write_text("machine api.test login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for token, expected in (("ppt_secret", "Bearer ppt_secret"), (None, None)):
        transport = FakeTransport((200, {}))
        client(transport, token=token).call("GET", "/x")
        assert transport.sent[0].headers.get("Authorization") == expected


def test_redirects_are_not_followed() -> None:
    """A redirect is no answer of ours: the token goes nowhere else."""
    transport = FakeTransport((302, b""))
    with pytest.raises(Refused) as caught:
        client(transport).call("GET", "/x")
    assert caught.value.reason.code == "bad_answer"
    assert len(transport.sent) == 1


def test_refusals_carry_every_entry() -> None:
    """Every entry of the error envelope arrives with code, detail and hint."""
    errors = [{"code": "a", "detail": "d", "hint": "h"}, {"code": "b", "title": "t"}, "junk"]
    with pytest.raises(ApiRefused) as caught:
        client(FakeTransport((400, {"errors": errors}))).call("POST", "/x")
    assert [(entry.code, entry.detail, entry.hint) for entry in caught.value.entries] == [
        ("a", "d", "h"),
        ("b", "t", ""),
    ]


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "forbidden"), (404, "bad_answer")])
def test_answers_of_the_gateway_itself(status: int, code: str) -> None:
    """The gateway's own refusals, without our envelope, get our words."""
    with pytest.raises(ApiRefused) as caught:
        client(FakeTransport((status, {"message": "Unauthorized"}))).call("GET", "/x")
    assert caught.value.reason.code == code
    assert caught.value.reason.hint


def test_not_built_is_a_refusal() -> None:
    """A 501 says what isn't built: trying again changes nothing."""
    transport = FakeTransport((501, {"errors": [{"code": "not_built_yet", "detail": "d", "hint": "h"}]}))
    with pytest.raises(ApiRefused) as caught:
        client(transport).call("GET", "/x")
    assert caught.value.status == 501
    assert len(transport.sent) == 1


@pytest.mark.parametrize(
    ("method", "headers", "sent"),
    [("GET", {}, 3), ("DELETE", {}, 3), ("POST", {"Idempotency-Key": "k"}, 3), ("POST", {}, 1), ("PATCH", {}, 1)],
)
@pytest.mark.parametrize("step", [requests.ConnectionError("x"), requests.ReadTimeout("x"), (503, b""), (429, b"{}")])
def test_only_repeatable_calls_are_repeated(method: str, headers: Mapping[str, str], sent: int, step: Step) -> None:
    """What may run twice is tried three times with pauses; anything else once."""
    transport, pauses = FakeTransport(step), list[float]()
    with pytest.raises(ApiUnavailable):
        client(transport, pauses=pauses).call(method, "/x", headers=headers)
    assert len(transport.sent) == sent
    assert len(pauses) == sent - 1


def test_a_later_answer_counts() -> None:
    """A call that is answered at its second try succeeds."""
    assert client(FakeTransport((502, b"<html>"), (200, {"a": 1}))).call("GET", "/x").document == {"a": 1}


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"a":1,"a":2}', b" " * (10 * 1024 * 1024 + 1)])
def test_foreign_answers(content: bytes) -> None:
    """A success that is not one of our documents is not taken for one, whatever its size."""
    with pytest.raises(Refused) as caught:
        client(FakeTransport((200, content))).call("GET", "/x")
    assert caught.value.reason.code == "bad_answer"


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://x.example.com/live/", "https://x.example.com/live"),
        ("https://x.example.com/live/api/v1", "https://x.example.com/live"),
        ("http://127.0.0.1:4566/_aws/execute-api/abc/live", "http://127.0.0.1:4566/_aws/execute-api/abc/live"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("http://localhost:3000", "http://localhost:3000"),
    ],
)
def test_endpoints(text: str, base: str) -> None:
    """The base URL loses its closing slash and the API's own prefix."""
    assert parse_endpoint(text) == base


@pytest.mark.parametrize(
    "text",
    [
        "x.example.com",
        "ftp://x",
        "https://",
        "https://user:secret@x",
        "https://x?a=b",
        "https://x#f",
        "https://x:99999",
        "http://x.example.com",
        "http://10.0.0.1",
        "https://[::1",
    ],
)
def test_endpoints_that_can_not_be_used(text: str) -> None:
    """What is no base URL, or would send the token in clear text, is a usage error."""
    with pytest.raises(UsageError) as caught:
        parse_endpoint(text)
    assert caught.value.reason.code == "invalid_endpoint"
    assert "secret" not in caught.value.message
