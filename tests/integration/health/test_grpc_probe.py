"""Real gRPC servers on the loopback: each answer inside the deadline, each with its reason."""

import asyncio
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

import grpc
import pytest

from shared.health.grpc_probe import MAX_MESSAGE_BYTES, probe_grpc
from shared.health.results import ProbeResult
from shared.health.wire import encode_ping_request
from tests.integration.health.servers import (
    Method,
    Target,
    grpc_server,
    tcp_server,
)

pytestmark = pytest.mark.enable_socket

DEADLINE_SECONDS = 1.0
SLACK_SECONDS = 0.5
CHECK = "/grpc.health.v1.Health/Check"
PING = "/plugin.PluginService/Ping"


def probe(port: int, *, host: str = "ipv4:127.0.0.1") -> ProbeResult:
    """Probe a loopback port, and check that the deadline held."""
    started = time.monotonic()
    result = asyncio.run(probe_grpc(Target(f"{host}:{port}"), deadline_seconds=DEADLINE_SECONDS))
    assert time.monotonic() - started < DEADLINE_SECONDS + SLACK_SECONDS
    assert result.hint
    return result


def summary(result: ProbeResult) -> tuple[str, str, str]:
    """Give what decides."""
    return result.outcome, result.probe, result.reason.code


@pytest.mark.parametrize(
    ("statuses", "outcome", "code", "status"),
    [
        ({"plugin": "SERVING"}, "healthy", "serving", "SERVING"),
        ({"plugin": "NOT_SERVING"}, "unhealthy", "not_serving", "NOT_SERVING"),
        ({"plugin": "UNKNOWN"}, "unhealthy", "not_serving", "UNKNOWN"),
        ({"plugin": "SERVING", "": "NOT_SERVING"}, "healthy", "serving", "SERVING"),
        ({"plugin": "NOT_SERVING", "": "SERVING"}, "unhealthy", "not_serving", "NOT_SERVING"),
        ({}, "healthy", "serving", "SERVING"),
        ({"": "NOT_SERVING"}, "unhealthy", "not_serving", "NOT_SERVING"),
        ({"": "SERVICE_UNKNOWN"}, "unhealthy", "service_unknown", "SERVICE_UNKNOWN"),
    ],
)
def test_the_status_of_a_health_server_decides(
    statuses: Mapping[str, str], outcome: str, code: str, status: str
) -> None:
    """The service `plugin` speaks first, then the server as a whole; a reply alone means nothing."""
    with grpc_server(statuses=statuses) as port:
        result = probe(port)
    assert summary(result) == (outcome, "grpc.health.v1", code)
    assert (result.serving_status, result.address) == (status, f"127.0.0.1:{port}")


def ping(healthy: bytes) -> Method:
    """Answer Ping with the echoed time and the given field."""
    return lambda request, _context: request + healthy


def fails(code: grpc.StatusCode, details: str = "CERTIFICATE_VERIFY_FAILED canary") -> Method:
    """End each call with a status."""

    def method(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code, details)
        raise AssertionError("abort raises")

    return method


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ({PING: ping(b"\x10\x01")}, ("healthy", "plugin.PluginService/Ping", "serving")),
        ({PING: ping(b"")}, ("unhealthy", "plugin.PluginService/Ping", "not_serving")),
        ({PING: ping(b"\x10")}, ("unhealthy", "grpc", "bad_response")),
        ({}, ("unknown", "grpc", "reachable_only")),
        ({CHECK: lambda _request, _context: b"ab"}, ("unhealthy", "grpc", "bad_response")),
        ({CHECK: lambda _request, _context: bytes(MAX_MESSAGE_BYTES + 1)}, ("unhealthy", "grpc", "bad_response")),
        ({CHECK: fails(grpc.StatusCode.NOT_FOUND)}, ("unhealthy", "grpc.health.v1", "service_unknown")),
        (
            {CHECK: fails(grpc.StatusCode.NOT_FOUND), PING: ping(b"\x10\x01")},
            ("healthy", "plugin.PluginService/Ping", "serving"),
        ),
        ({CHECK: fails(grpc.StatusCode.UNAUTHENTICATED)}, ("unknown", "grpc", "authentication_required")),
        ({CHECK: fails(grpc.StatusCode.PERMISSION_DENIED)}, ("unknown", "grpc", "authentication_required")),
        ({CHECK: fails(grpc.StatusCode.UNAVAILABLE)}, ("unhealthy", "grpc", "call_failed")),
        ({CHECK: fails(grpc.StatusCode.INTERNAL)}, ("unhealthy", "grpc", "call_failed")),
        ({CHECK: fails(grpc.StatusCode.RESOURCE_EXHAUSTED)}, ("unhealthy", "grpc", "call_failed")),
    ],
)
def test_what_a_grpc_server_answers_decides(methods: Mapping[str, Method], expected: tuple[str, str, str]) -> None:
    """Ping speaks where no health service does; errors have their reason and repeat no text of the peer."""
    with grpc_server(methods=methods) as port:
        result = probe(port)
    assert summary(result) == expected
    assert "canary" not in result.message


def test_a_handler_that_hangs_is_unhealthy() -> None:
    """The server accepts the call and never answers: the deadline ends it."""
    released = threading.Event()

    def hang(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        released.wait(10)
        return b""

    with grpc_server(methods={CHECK: hang}) as port:
        result = probe(port)
        released.set()
    assert summary(result) == ("unhealthy", "grpc", "deadline_exceeded")
    assert result.latency_ms >= 900


def test_the_deadline_is_one_for_all_calls() -> None:
    """Answers that each come in time, and together do not, are too late."""

    def slow(_request: bytes, context: grpc.ServicerContext) -> bytes:
        time.sleep(0.7)
        context.abort(grpc.StatusCode.NOT_FOUND, "")
        raise AssertionError("abort raises")

    with grpc_server(methods={CHECK: slow}) as port:
        assert summary(probe(port)) == ("unhealthy", "grpc", "deadline_exceeded")


def test_a_closed_port_is_refused() -> None:
    """Nothing listens: told at once, not at the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    result = probe(port)
    assert summary(result) == ("unreachable", "none", "connection_refused")
    assert result.latency_ms < 500


def test_an_ipv6_address_is_dialled() -> None:
    """The bracketed form of a pinned IPv6 address works as IPv4 does."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with grpc_server(statuses={"plugin": "SERVING"}, host="[::1]") as port:
        result = probe(port, host="ipv6:[::1]")
    assert (result.outcome, result.address) == ("healthy", f"[::1]:{port}")


@pytest.mark.parametrize(
    "text",
    [
        "plugin.example:50051",
        "dns:///plugin.example:50051",
        "ipv4:10.0.0.1:1,10.0.0.2:1",
        "unix:/run/x",
        "ipv4:1.2.3.4",
    ],
)
def test_only_one_literal_address_is_dialled(text: str) -> None:
    """A name would be resolved once more behind the policy's back, a list would be tried through."""
    result = asyncio.run(probe_grpc(Target(text), deadline_seconds=1))
    assert summary(result) == ("unknown", "none", "checker_error")


def test_a_target_cannot_turn_the_proxy_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself gRPC would dial a literal address through the environment's proxy; the probe never does."""
    asked: list[bytes] = []

    def proxy(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))

    with tcp_server(proxy) as proxy_port, grpc_server(statuses={"plugin": "SERVING"}) as port:
        for name in ("http_proxy", "https_proxy", "grpc_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy_port}")
        options: tuple[tuple[str, Any], ...] = (("grpc.enable_http_proxy", 1),)
        result = asyncio.run(probe_grpc(Target(f"ipv4:127.0.0.1:{port}", options), deadline_seconds=1))
    assert (result.outcome, asked) == ("healthy", [])


def test_ping_carries_the_time() -> None:
    """The request is the published message: field 1, a varint of epoch seconds."""
    seen: list[bytes] = []

    def method(request: bytes, _context: grpc.ServicerContext) -> bytes:
        seen.append(request)
        return b"\x10\x01"

    before = int(time.time())
    with grpc_server(methods={PING: method}) as port:
        probe(port)
    assert seen[0] in [encode_ping_request(second) for second in range(before, before + 5)]
