"""urllib3's connection and pool classes, with sockets from `open_connection`."""

import socket
from typing import Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from shared.egress.connections import CONNECT_TIMEOUT_SECONDS, open_connection
from shared.egress.origins import Origin, Scheme, parse_authority
from shared.egress.ports import AddressPolicy, Resolver
from shared.egress.reasons import PLAIN_HTTP_REFUSED
from shared.errors import Refused

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


def pool_classes(dialler: Dialler) -> dict[str, type[HTTPConnectionPool]]:
    """Give the pool class of each scheme, bound to this dialler."""

    class JudgedHTTPConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return dialler.open("http", self.host, self.port, self.timeout)

    class JudgedHTTPSConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return dialler.open("https", self.host, self.port, self.timeout)

    class JudgedHTTPPool(HTTPConnectionPool):
        ConnectionCls = JudgedHTTPConnection

    class JudgedHTTPSPool(HTTPSConnectionPool):
        ConnectionCls = JudgedHTTPSConnection

    return {"http": JudgedHTTPPool, "https": JudgedHTTPSPool}
