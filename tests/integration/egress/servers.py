"""Real servers on loopback."""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, NamedTuple

from tests.integration.health.certificates import Identity


class Seen(NamedTuple):
    """One request that came in."""

    path: str
    headers: Mapping[str, str]


class Answer(NamedTuple):
    """What a server says."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b"hello"


class Running(NamedTuple):
    """A server that runs."""

    port: int
    seen: list[Seen]
    names: list[str | None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that refuse a certificate hang up."""


class _Server6(_Server):
    address_family = socket.AF_INET6


@contextmanager
def http_server(
    answers: Mapping[str, Answer] | None = None, *, identity: Identity | None = None, family: int = socket.AF_INET
) -> Iterator[Running]:
    """Serve on loopback, with TLS if there is an identity; remembers requests and the names that clients ask for."""
    seen: list[Seen] = []
    names: list[str | None] = []
    table = answers or {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer from the table."""
            seen.append(Seen(self.path, dict(self.headers.items())))
            answer = table.get(self.path, Answer())
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Print nothing."""

    server = (_Server if family == socket.AF_INET else _Server6)(
        ("127.0.0.1" if family == socket.AF_INET else "::1", 0), Handler
    )
    if identity is not None:
        server.socket = server_context(identity, names).wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Running(int(server.server_address[1]), seen, names)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def server_context(identity: Identity, names: list[str | None]) -> ssl.SSLContext:
    """Make a server's TLS context that remembers SNI."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "identity.pem"
        path.write_bytes(identity.certificate_pem + identity.key_pem)
        context.load_cert_chain(path)

    def remember(_socket: Any, name: str | None, _context: Any) -> None:
        names.append(name)

    context.sni_callback = remember
    return context


@contextmanager
def raw_server(behave: Callable[[socket.socket], None]) -> Iterator[Running]:
    """Accept connections on loopback and do with each what `behave` does; it closes the connection."""
    seen: list[Seen] = []
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed: the test is over
                return
            seen.append(Seen("", {}))
            with connection:
                behave(connection)

    thread = Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield Running(listener.getsockname()[1], seen, [])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
