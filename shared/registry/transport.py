"""oras's registry provider on our transport: each request is one checked hop after another, with our authentication.

oras sets no timeout, retries everything and lets requests follow redirects (which reads and inflates the bodies of
redirects, and keeps cookies); what is left of it here are its URLs, its authentication seam and its request method.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

import oras.container
import oras.provider
import requests
from requests.adapters import HTTPAdapter

from shared.egress.http_failures import mapped_errors
from shared.egress.origins import Origin
from shared.errors import NotFound, Reason, Refused, Transient
from shared.registry import reasons
from shared.registry.authentication import RegistryAuth
from shared.registry.body import read_document
from shared.registry.bounded_http import Patience, bound_connections, waiting_with
from shared.registry.limits import Limits
from shared.registry.redirects import REDIRECT_STATUSES, HostJudge, next_hop
from shared.registry.retries import Retries, Throttled, parse_retry_after
from shared.registry.urls import Url, parse_url

_OK: Final = 200
_PARTIAL: Final = 206
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_TOO_MANY_REQUESTS: Final = 429
_TRANSIENT_STATUSES: Final = frozenset({408, 425, 500, 502, 503, 504, 507, 509})
_USER_AGENT: Final = "plugport"


class RegistryTransport(oras.provider.Registry):  # type: ignore[misc]  # oras has no types
    """Requests to one repository: bounded, authenticated, redirected within rules, classified."""

    def __init__(
        self,
        origin: Origin,
        repository: str,
        *,
        session: requests.Session,
        auth: RegistryAuth,
        limits: Limits,
        retries: Retries,
        clock: Callable[[], float],
        judge: HostJudge,
    ) -> None:
        """Take the ports; `session` is the one whose adapters open judged connections."""
        super().__init__(hostname=origin.authority, insecure=origin.scheme == "http")
        self.session.close()  # the one that oras made for itself, never used
        self.session: requests.Session = session
        self.auth = auth
        auth.fetch_token = self._fetch_token
        self.origin = origin
        self.container = oras.container.Container("repository", registry=origin.authority)
        # Set, not parsed: oras reads `a.b/c` as a registry and a repository.
        self.container.namespace, _, self.container.repository = repository.rpartition("/")
        self._limits = limits
        self._retries = retries
        self._clock = clock
        self._judge = judge

    def manifest_url(self, reference: str) -> Url:
        """Give the URL of a tag's or digest's manifest."""
        return self._parsed(self.container.manifest_url(reference))

    def blob_url(self, digest: str) -> Url:
        """Give the URL of a blob."""
        return self._parsed(self.container.get_blob_url(digest))

    def tags_url(self) -> Url:
        """Give the URL of the first page of tags."""
        return self._parsed(self.container.tags_url())

    def referrers_url(self, digest: str) -> Url:
        """Give the URL of the first page of a manifest's referrers; oras has none."""
        return Url(self.origin, f"/v2/{self.container.api_prefix}/referrers/{digest}")

    def _parsed(self, url: str) -> Url:
        return parse_url(f"{self.prefix}://{url}", reasons.REGISTRY_PROTOCOL_ERROR)

    def get(self, url: Url, headers: Mapping[str, str], *, max_redirects: int, pinned: bool) -> requests.Response:
        """GET once: hops, authentication, classification; the body is unread.

        Args:
            url: at the registry's origin.
            headers: beside Authorization.
            max_redirects: hops that may follow.
            pinned: whether a digest fixes what must come, so that another origin may send it.

        Raises:
            Refused: terminal; `registry_auth_failed`, `registry_not_found`, `bad_redirect`, ….
            Transient: `registry_error`, `registry_rate_limited`, `registry_timeout`, or of the connection.
        """
        response, hop = self._follow(url, headers, max_redirects, pinned=pinned)
        if response.status_code == _UNAUTHORIZED and hop.origin == self.origin:
            response.close()
            self.auth.authenticate_request(response, {})
            response, hop = self._follow(url, headers, max_redirects, pinned=pinned)
        if response.status_code != _OK and not (response.status_code == _PARTIAL and "Range" in headers):
            response.close()
            raise _failure(response, hop)
        return response

    def get_document(
        self, url: Url, headers: Mapping[str, str], *, too_large: Reason, max_bytes: int, pinned: bool
    ) -> tuple[requests.Response, bytes]:
        """GET a small document whole; transient failures, also within the body, are tried again.

        Raises:
            Refused: terminal; `too_large` when it is larger than `max_bytes`.
            Transient: tried often enough.
        """

        def attempt() -> tuple[requests.Response, bytes]:
            response = self.get(url, headers, max_redirects=self._limits.max_manifest_redirects, pinned=pinned)
            return response, _whole(response, max_bytes, too_large)

        return self._retries.run(attempt)

    def do_request(
        self,
        url: str,
        method: str = "GET",
        _data: object = None,
        headers: Mapping[str, str] | None = None,
        **_options: object,
    ) -> requests.Response:
        """Serve what oras itself asks for; this project reads registries and never writes to one."""
        if method != "GET":
            raise Refused(reasons.REGISTRY_PROTOCOL_ERROR, f"{method} is not done here")
        parsed = parse_url(url, reasons.REGISTRY_PROTOCOL_ERROR)
        return self.get(parsed, headers or {}, max_redirects=self._limits.max_manifest_redirects, pinned=False)

    def _follow(
        self, url: Url, headers: Mapping[str, str], max_redirects: int, *, pinned: bool
    ) -> tuple[requests.Response, Url]:
        hop = url
        at_home = True
        for _ in range(max_redirects + 1):
            at_home = at_home and hop.origin == self.origin
            credential = self.auth.get_auth_header() if at_home else {}
            response = self._send(hop, {**headers, **credential})
            if response.status_code not in REDIRECT_STATUSES:
                return response, hop
            # Closed unread: the body of a redirect is nobody's business and may be a bomb.
            response.close()
            hop = next_hop(hop, response.headers.get("Location"), pinned=pinned, judge=self._judge)
        raise Refused(reasons.TOO_MANY_REDIRECTS, f"more than {max_redirects}")

    def _send(self, hop: Url, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> requests.Response:
        url = str(hop)
        method = "GET" if form is None else "POST"
        adapter = self.session.get_adapter(url)
        timeout = (self._limits.connect_timeout_seconds, self._limits.read_timeout_seconds)
        verify = True if self.session.verify is None else self.session.verify
        with mapped_errors(str(hop.origin)), waiting_with(Patience(self._limits, self._clock)):
            request = requests.Request(method, url, headers={**_fixed_headers(), **headers}, data=form).prepare()
            # requests rewrites escapes while it prepares; a signed URL must arrive as it was given.
            request.url = url
            if isinstance(adapter, HTTPAdapter):
                bound_connections(adapter.get_connection_with_tls_context(request, verify))
            # The adapter, not the session: the session would read the bodies of redirects.
            return adapter.send(request, stream=True, timeout=timeout, verify=verify, proxies={})

    def _fetch_token(self, url: Url, headers: Mapping[str, str], form: Mapping[str, str] | None) -> bytes:
        def attempt() -> bytes:
            response = self._send(url, {"Accept": "application/json", **headers}, form)
            if response.status_code in REDIRECT_STATUSES:
                response.close()
                hop = next_hop(url, response.headers.get("Location"), pinned=True, judge=self._judge)
                self._judge(hop.origin.host, hop.origin.port)
                raise Refused(reasons.BAD_REDIRECT, "the token service redirects")
            if response.status_code != _OK:
                response.close()
                raise _token_failure(response, url)
            return _whole(response, self._limits.max_token_answer_bytes, reasons.REGISTRY_AUTH_FAILED)

        return self._retries.run(attempt)


def _fixed_headers() -> dict[str, str]:
    return {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}


def _whole(response: requests.Response, max_bytes: int, too_large: Reason) -> bytes:
    try:
        data = read_document(response, max_bytes, too_large)
    except BaseException:
        response.close()
        raise
    response.raw.release_conn()
    return data


def _failure(response: requests.Response, hop: Url) -> Refused | Transient:
    status = response.status_code
    said = f"HTTP {status} from {hop.shown}"
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return Refused(reasons.REGISTRY_AUTH_FAILED, said)
    if status == _NOT_FOUND:
        return NotFound(reasons.REGISTRY_NOT_FOUND, said)
    if status == _TOO_MANY_REQUESTS or status in _TRANSIENT_STATUSES:
        reason = reasons.REGISTRY_RATE_LIMITED if status == _TOO_MANY_REQUESTS else reasons.REGISTRY_ERROR
        # Wall clock: the header's date is one.
        return Throttled(reason, said, parse_retry_after(response.headers.get("Retry-After"), now=time.time()))
    is_error = status >= 400  # noqa: PLR2004 - 4xx and 5xx
    return Refused(reasons.REGISTRY_ERROR if is_error else reasons.REGISTRY_PROTOCOL_ERROR, said)


def _token_failure(response: requests.Response, url: Url) -> Refused | Transient:
    failure = _failure(response, url)
    if isinstance(failure, Transient):
        return failure
    return Refused(reasons.REGISTRY_AUTH_FAILED, failure.message)
