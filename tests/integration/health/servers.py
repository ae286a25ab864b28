"""Real peers on the loopback: gRPC servers that behave, and sockets that do not."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

PREFACE_BYTES = 24
HEADERS, RST_STREAM, SETTINGS, GOAWAY = 1, 3, 4, 7
ACK = END_STREAM = 1
END_HEADERS = 4

Method = Callable[[bytes, grpc.ServicerContext], bytes]
Behaviour = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Target:
    """A pinned target as `shared.egress` would give it."""

    target: str
    options: tuple[tuple[str, Any], ...] = field(default=())


@contextlib.contextmanager
def grpc_server(
    *,
    statuses: Mapping[str, str] | None = None,
    methods: Mapping[str, Method] | None = None,
    credentials: grpc.ServerCredentials | None = None,
    host: str = "127.0.0.1",
) -> Iterator[int]:
    """Run a gRPC server; gives its port.

    Args:
        statuses: service → status of a real grpc.health.v1 server ("" is SERVING unless set), None = no such server.
        methods: "/service/Method" → what answers its bytes.
        credentials: for TLS.
        host: where it listens.
    """
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    if statuses is not None:
        servicer = health.HealthServicer()
        for service, status in statuses.items():
            servicer.set(service, health_pb2.HealthCheckResponse.ServingStatus.Value(status))
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    for path, method in (methods or {}).items():
        _, service, name = path.split("/")
        handler = grpc.unary_unary_rpc_method_handler(method)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {name: handler}),))
    address = f"{host}:0"
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()


@contextlib.contextmanager
def tcp_server(behaviour: Behaviour) -> Iterator[int]:
    """Run a TCP server whose connections each get the behaviour in a thread; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        # The prober hangs up whenever it likes: an error here is the end of the conversation.
        with contextlib.suppress(OSError), connection:
            behaviour(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        acceptor.join(timeout=5)


def silent(connection: socket.socket) -> None:
    """Read and say nothing."""
    while connection.recv(65536):
        pass


def says(reply: bytes) -> Behaviour:
    """Read once, answer, hang up."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(reply)

    return behave


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Make one HTTP/2 frame (https://www.rfc-editor.org/rfc/rfc9113#section-4.1)."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def headers(stream: int, fields: Mapping[str, str], *, is_last: bool = False) -> bytes:
    """Make a HEADERS frame of literal fields (https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2)."""
    block = b"".join(
        b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in fields.items()
    )
    return frame(HEADERS, END_HEADERS | (END_STREAM if is_last else 0), stream, block)


def data(stream: int, payload: bytes, *, is_last: bool = False) -> bytes:
    """Make a DATA frame."""
    return frame(0, END_STREAM if is_last else 0, stream, payload)


def http2(answer: Callable[[int], bytes]) -> Behaviour:
    """Speak just enough HTTP/2 to answer each request's stream with frames; an empty answer hangs up."""

    def behave(connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        reader.read(PREFACE_BYTES)
        connection.sendall(frame(SETTINGS, 0, 0))
        while head := reader.read(9):
            reader.read(int.from_bytes(head[:3], "big"))
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            if kind == SETTINGS and not flags & ACK:
                connection.sendall(frame(SETTINGS, ACK, 0))
            if kind == HEADERS:
                frames = answer(stream)
                if not frames:
                    return
                connection.sendall(frames)

    return behave
