"""The session that everything above uses: no proxies, no netrc, no cookies, no redirects, no environment."""

from collections.abc import Collection, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import requests

from shared.egress.http_adapter import EgressAdapter
from shared.egress.http_failures import mapped_errors
from shared.egress.origins import parse_origin
from shared.egress.ports import AddressPolicy, Resolver

USER_AGENT: Final = "plugport"


class EgressSession(requests.Session):
    """A session with one transport for every URL, which gives redirects back instead of following them."""

    def __init__(self, adapter: EgressAdapter) -> None:
        """Mount the adapter, and nothing else."""
        super().__init__()
        self.trust_env = False
        self.max_redirects = 0
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        self.adapters.clear()
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Prepare a request for a URL that is read in one way only; raises `Refused`: `invalid_url`."""
        origin = parse_origin(str(request.url))
        with mapped_errors(str(origin)):
            return super().prepare_request(request)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send, and read the body unless it is streamed; raises only `Refused` and `Transient`."""
        with mapped_errors(str(parse_origin(str(request.url)))):
            return super().send(request, **kwargs)

    def get_redirect_target(self, resp: Any) -> None:
        """Follow nothing: who wants the next hop asks for it, and it is judged like the first."""
        del resp


def build_session(
    *,
    policy: AddressPolicy,
    resolver: Resolver,
    insecure_registries: Collection[str] = (),
    ca_bundles: Mapping[str, str] | None = None,
    **timeouts: float,
) -> requests.Session:
    """Make a session whose every connection goes through `open_connection`.

    Args:
        policy: judges names and addresses.
        resolver: looks names up.
        insecure_registries: hosts that may be spoken to without TLS: `host` (port 80), `host:port` or `host:*`.
        ca_bundles: host or host:port → path of a PEM file or PEM text that alone verifies this host.
        timeouts: `connect_timeout_seconds`, `read_timeout_seconds`, `resolve_timeout_seconds`, as of
            `EgressAdapter`.

    Raises:
        Refused: `invalid_url` for an entry that is no host.
    """
    adapter = EgressAdapter(
        policy=policy,
        resolver=resolver,
        insecure_registries=insecure_registries,
        ca_bundles=ca_bundles,
        **timeouts,
    )
    return EgressSession(adapter)
