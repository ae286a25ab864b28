"""urllib3's connection and pool classes, with sockets from `open_connection` and a bound on the head of an answer."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import ClassVar, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from shared.egress.connections import CONNECT_TIMEOUT_SECONDS, open_connection
from shared.egress.origins import Origin, Scheme, parse_authority
from shared.egress.ports import AddressPolicy, Resolver
from shared.egress.reasons import PLAIN_HTTP_REFUSED, RESPONSE_TIMED_OUT
from shared.errors import Refused, Transient

HEAD_TIMEOUT_SECONDS: Final = 30.0
"""Status line and headers together, whatever the server's pace; endless interim (1xx) answers end here, too."""

_ANY_PORT: Final = ":*"


class Dialler:
    """Opens the sockets of one adapter."""

    def __init__(
        self, policy: AddressPolicy, resolver: Resolver, insecure: frozenset[str], resolve_timeout_seconds: float
    ) -> None:
        """Read the hosts that may be spoken to without TLS; raises `Refused` for one that is no host."""
        self._policy = policy
        self._resolver = resolver
        self._resolve_timeout_seconds = resolve_timeout_seconds
        self._insecure_hosts = frozenset(
            parse_authority(entry.removesuffix(_ANY_PORT), "http").host
            for entry in insecure
            if entry.endswith(_ANY_PORT)
        )
        self._insecure = frozenset(
            parse_authority(entry, "http") for entry in insecure if not entry.endswith(_ANY_PORT)
        )

    def open(self, scheme: Scheme, host: str, port: int, timeout_seconds: float | None) -> socket.socket:
        """Connect to a judged address of the host.

        Raises:
            Refused: `plain_http_refused`, or the policy's reason.
            Transient: no connection, at least not now.
        """
        origin = Origin(scheme, host, port)
        if scheme == "http" and origin not in self._insecure and host not in self._insecure_hosts:
            raise Refused(PLAIN_HTTP_REFUSED, f"{origin.authority}: {PLAIN_HTTP_REFUSED.title}")
        return open_connection(
            host,
            port,
            policy=self._policy,
            resolver=self._resolver,
            connect_timeout_seconds=timeout_seconds or CONNECT_TIMEOUT_SECONDS,
            resolve_timeout_seconds=self._resolve_timeout_seconds,
        )


@contextmanager
def _cut_off(connection: socket.socket, seconds: float, peer: str) -> Iterator[None]:
    """Shut the socket down when the time is over: a timeout of single reads never ends a slow drip."""
    expired = Event()

    def shut_down() -> None:
        expired.set()
        with suppress(OSError):  # closed in the meantime: that is the aim
            socket.socket.shutdown(connection, socket.SHUT_RDWR)  # not SSLSocket's: it would pull TLS from the reader

    timer = Timer(seconds, shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if expired.is_set():
            raise Transient(RESPONSE_TIMED_OUT, f"{peer}: no complete headers in {seconds:g} s") from None


class _BoundedHead(HTTPConnection):
    """Ends a connection whose answer does not get to its body in time."""

    head_seconds: ClassVar[float]

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 itself overrides it so
        """Read status line and headers; raises `Transient` when they take too long."""
        with _cut_off(self.sock, self.head_seconds, self.host):
            return super().getresponse()


def pool_classes(dialler: Dialler, head_timeout_seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    """Give the pool class of each scheme, bound to this dialler."""

    class JudgedHTTPConnection(_BoundedHead):
        head_seconds = head_timeout_seconds

        def _new_conn(self) -> socket.socket:
            return dialler.open("http", self.host, self.port, self.timeout)

    class JudgedHTTPSConnection(_BoundedHead, HTTPSConnection):
        head_seconds = head_timeout_seconds

        def _new_conn(self) -> socket.socket:
            return dialler.open("https", self.host, self.port, self.timeout)

    class JudgedHTTPPool(HTTPConnectionPool):
        ConnectionCls = JudgedHTTPConnection

    class JudgedHTTPSPool(HTTPSConnectionPool):
        ConnectionCls = JudgedHTTPSConnection

    return {"http": JudgedHTTPPool, "https": JudgedHTTPSPool}
