"""The transport of every HTTP request: requests and urllib3 above, our own judged sockets below."""

import ssl
from collections.abc import Collection, Mapping
from typing import Any, Final

import requests
from certifi import where as public_ca_bundle
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager

from shared.egress.connections import CONNECT_TIMEOUT_SECONDS, RESOLVE_TIMEOUT_SECONDS
from shared.egress.http_connections import Dialler, pool_classes
from shared.egress.http_failures import mapped_errors
from shared.egress.origins import Origin, parse_authority, parse_origin
from shared.egress.ports import AddressPolicy, Resolver
from shared.egress.tls import build_tls_context

READ_TIMEOUT_SECONDS: Final = 10.0


class EgressAdapter(HTTPAdapter):
    """Mount it on a `requests.Session`: every connection is judged, whatever the session asks for.

    The host of the URL stays in SNI, in the certificate check and in `Host`; the socket goes to an address that was
    judged. Connections are kept for one (scheme, host, port) each and never shared between names. Proxies, client
    certificates and `verify=False` of the caller are ignored; nothing is tried again here. A read timeout bounds
    silence only: who reads answers bounds their size and pace (`shared.registry`).
    """

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        resolver: Resolver,
        insecure_registries: Collection[str] = (),
        ca_bundles: Mapping[str, str] | None = None,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
        resolve_timeout_seconds: float = RESOLVE_TIMEOUT_SECONDS,
    ) -> None:
        """Connect nothing yet.

        Args:
            policy: judges names and addresses.
            resolver: looks names up.
            insecure_registries: hosts that may be spoken to without TLS: `host` (port 80), `host:port` or `host:*`.
            ca_bundles: host or host:port → path of a PEM file or PEM text; that host is then verified by this bundle
                alone, every other host by the public ones (certifi).
            connect_timeout_seconds: for TCP, and once more for the TLS handshake, where the caller gives no timeout.
            read_timeout_seconds: longest silence of the server, where the caller gives no timeout.
            resolve_timeout_seconds: for each look-up.

        Raises:
            Refused: `invalid_url` for an entry of the two collections that is no host.
        """
        dialler = Dialler(policy, resolver, frozenset(insecure_registries), resolve_timeout_seconds)
        self._pool_classes = pool_classes(dialler)
        self._bundles = {_bundle_key(host): bundle for host, bundle in (ca_bundles or {}).items()}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._timeouts = (connect_timeout_seconds, read_timeout_seconds)
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **_: Any) -> None:  # noqa: FBT001, FBT002 - the signature is the base class's
        """Make the pools, of our connection classes."""
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block)
        self.poolmanager.pool_classes_by_scheme = self._pool_classes

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Give what selects the pool: the parts of the URL as we read them, and our TLS context."""
        del verify, cert  # not the caller's to choose
        origin = parse_origin(str(request.url))
        pool: dict[str, Any] = {}
        if origin.scheme == "https":
            pool = {"ssl_context": self._context(origin), "cert_reqs": "CERT_REQUIRED"}
        return {"scheme": origin.scheme, "host": origin.host, "port": origin.port}, pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the pool as it is: its TLS context was settled when it was made."""

    def send(  # noqa: PLR0917 - the signature is the base class's
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - the signature is the base class's
        timeout: Any = None,
        verify: Any = True,  # noqa: FBT002 - same
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send one request to one judged address; a redirect comes back as the answer that it is.

        Raises:
            Refused: the policy's reason, `plain_http_refused`, `invalid_url`, TLS or HTTP is wrong.
            Transient: the connection could not be made, was cut or timed out.
        """
        del verify, cert, proxies  # not the caller's to choose
        origin = parse_origin(str(request.url))
        with mapped_errors(str(origin)):
            return super().send(request, stream=stream, timeout=timeout or self._timeouts)

    def _context(self, origin: Origin) -> ssl.SSLContext:
        by_port = self._bundles.get(f"{origin.host}:{origin.port}")
        bundle = by_port or self._bundles.get(origin.host) or public_ca_bundle()
        if bundle not in self._contexts:
            self._contexts[bundle] = build_tls_context(bundle, peer=origin.authority)
        return self._contexts[bundle]


def _bundle_key(host: str) -> str:
    """Give `host:port`, or `host` for all its ports, in canonical form."""
    origin = parse_authority(host)
    return f"{origin.host}:{origin.port}" if host.endswith(f":{origin.port}") else origin.host
