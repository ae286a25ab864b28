"""Peers that are no plugins: each ends inside the deadline, each with its reason."""

import contextlib
import gzip
import socket
import time
from collections.abc import Callable

import pytest

from tests.integration.health.servers import (
    GOAWAY,
    RST_STREAM,
    SETTINGS,
    Behaviour,
    data,
    frame,
    headers,
    http2,
    says,
    silent,
    tcp_server,
)
from tests.integration.health.test_grpc_probe import probe, summary

pytestmark = pytest.mark.enable_socket

GRPC_HEADERS = {":status": "200", "content-type": "application/grpc"}


def slow_handshake(connection: socket.socket) -> None:
    """Send HTTP/2 settings a byte at a time, and never finish."""
    for byte in frame(SETTINGS, 0, 0, bytes(60)):
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def resets(connection: socket.socket) -> None:
    """Hang up with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (silent, ("unreachable", "none", "deadline_exceeded")),
        (slow_handshake, ("unreachable", "none", "deadline_exceeded")),
        (says(b""), ("unreachable", "tcp", "connection_closed")),
        (resets, ("unreachable", "tcp", "connection_closed")),
        (says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), ("unreachable", "tcp", "not_grpc")),
        (says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), ("unreachable", "tcp", "not_grpc")),
        (says(b"\xff" * 4096), ("unreachable", "tcp", "not_grpc")),
        (says(bytes(4096)), ("unreachable", "tcp", "not_grpc")),
    ],
)
def test_a_peer_that_speaks_no_http2_has_its_reason(behaviour: Behaviour, expected: tuple[str, str, str]) -> None:
    """Silence, slowness, hanging up, other protocols and garbage differ."""
    with tcp_server(behaviour) as port:
        assert summary(probe(port)) == expected


def http_answer(status: str) -> Callable[[int], bytes]:
    """Answer as a web server does."""
    return lambda stream: (
        headers(stream, {":status": status, "content-type": "text/html"}) + data(stream, b"<html>", is_last=True)
    )


def grpc_answer(message: bytes, *, compressed: bool = False, declared: int | None = None) -> Callable[[int], bytes]:
    """Answer with one message and the status OK."""
    size = len(message) if declared is None else declared
    encoding = {"grpc-encoding": "gzip"} if compressed else {}

    def answer(stream: int) -> bytes:
        prefix = bytes([compressed]) + size.to_bytes(4, "big")
        return (
            headers(stream, GRPC_HEADERS | encoding)
            + data(stream, prefix + message)
            + headers(stream, {"grpc-status": "0"}, is_last=True)
        )

    return answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (http_answer("200"), ("unreachable", "tcp", "not_grpc")),
        (http_answer("404"), ("unreachable", "tcp", "not_grpc")),
        (http_answer("503"), ("unreachable", "tcp", "not_grpc")),
        (grpc_answer(b"\x08\x01"), ("healthy", "grpc.health.v1", "serving")),
        (grpc_answer(b"", declared=1 << 30), ("unhealthy", "grpc", "bad_response")),
        (grpc_answer(gzip.compress(bytes(10_000_000))[:8000], compressed=True), ("unhealthy", "grpc", "bad_response")),
        (
            lambda stream: headers(stream, GRPC_HEADERS | {"grpc-status": "0"}, is_last=True),
            ("unhealthy", "grpc", "bad_response"),
        ),
        (
            lambda stream: headers(stream, GRPC_HEADERS | {f"x-{n}": "v" * 100 for n in range(140)}),
            ("unhealthy", "grpc", "bad_response"),
        ),
        (lambda stream: frame(RST_STREAM, 0, stream, b"\0\0\0\2"), ("unhealthy", "grpc", "bad_response")),
        (lambda _stream: frame(GOAWAY, 0, 0, bytes(4) + b"\0\0\0\x0b"), ("unhealthy", "grpc", "connection_closed")),
        (lambda stream: headers(stream, GRPC_HEADERS), ("unhealthy", "grpc", "deadline_exceeded")),
        (lambda _stream: b"\xff" * 100, ("unhealthy", "grpc", "bad_response")),
        (lambda _stream: b"", ("unhealthy", "grpc", "connection_closed")),
    ],
)
def test_an_http2_peer_that_is_no_good_plugin_has_its_reason(
    answer: Callable[[int], bytes], expected: tuple[str, str, str]
) -> None:
    """Web servers, liars about size, bombs, empty answers, floods of headers, resets, GOAWAY and half answers."""
    with tcp_server(http2(answer)) as port:
        assert summary(probe(port)) == expected


def test_an_endless_stream_ends_at_a_bound() -> None:
    """A peer that never stops sending is cut off, long before it fills the memory."""
    sent = 0

    def flood(connection: socket.socket) -> None:
        def answer(stream: int) -> bytes:
            nonlocal sent
            connection.sendall(headers(stream, GRPC_HEADERS) + data(stream, b"\0\x40\0\0\0"))
            while True:
                sent += connection.send(data(stream, bytes(16_000)))

        http2(answer)(connection)

    with tcp_server(flood) as port:
        assert summary(probe(port)) == ("unhealthy", "grpc", "bad_response")
    assert sent < 64 * 1024 * 1024


def test_goaway_storms_do_not_multiply_connections() -> None:
    """A peer that sends every connection away, again and again, gets a bounded number of them."""
    connections = 0

    def goaway(connection: socket.socket) -> None:
        nonlocal connections
        connections += 1
        http2(lambda _stream: frame(GOAWAY, 0, 0, bytes(4) + b"\0\0\0\x0b"))(connection)

    def answer_and_close(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            goaway(connection)

    with tcp_server(answer_and_close) as port:
        result = probe(port)
    assert result.outcome in ("unhealthy", "unreachable")
    assert connections < 20
