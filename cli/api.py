"""The REST API as a client sees it.

The endpoint is the caller's own choice, so no egress policy applies to it; what does apply: a bound on every wait and
on every answer, no redirect is followed (the token would go with it), plain HTTP to this machine only.
"""

import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from cli.reasons import BAD_ANSWER, CANNOT_REACH, INVALID_ENDPOINT, UsageError
from shared.errors import PlugportError, Reason, Refused, Transient
from shared.strict_json import parse_strict_json

if TYPE_CHECKING:
    import requests

#: No answer of ours is larger; API Gateway's own limit is 10 MiB.
_MAX_ANSWER_BYTES: Final = 10 * 1024 * 1024
_CONNECT_TIMEOUT_SECONDS: Final = 5.0
#: Pauses before a repeated call; only calls that may run twice are repeated.
_PAUSES_SECONDS: Final = (0.3, 1.0)
_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500
_NOT_IMPLEMENTED: Final = 501
_TOO_MANY: Final = 429
#: The gateway's own answers carry only `message`: our words for them.
_GATEWAY: Final[Mapping[int, Reason]] = {
    401: Reason(
        "unauthorized", "the token is missing, unknown, expired or revoked", "Check --token or PLUGPORT_TOKEN."
    ),
    403: Reason(
        "forbidden", "the token does not allow this", "Use a token with the scope and namespace that it needs."
    ),
    429: Reason("too_many_requests", "the API is being called too often", "Wait a moment and try again."),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said.

    Attributes:
        status: HTTP status.
        document: the JSON body, `{}` where there is none.
        headers: by lower-case name.
    """

    status: int
    document: dict[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Api(Protocol):
    """One call at a time."""

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Give the answer of a call that was accepted; raises `ApiRefused` or `ApiUnavailable`."""


@dataclass(frozen=True, slots=True)
class ApiError:
    """One entry of the error envelope."""

    code: str
    detail: str
    hint: str


class ApiRefused(Refused):
    """The API refused; `entries` are all its reasons, `status` the HTTP status."""

    def __init__(self, status: int, entries: tuple[ApiError, ...]) -> None:
        first = entries[0]
        super().__init__(Reason(first.code, first.detail, first.hint))
        self.status = status
        self.entries = entries


class ApiUnavailable(Transient):
    """The API could not be reached or could not answer; `status` is 0 when there was no answer at all."""

    def __init__(self, reason: Reason, message: str, *, status: int = 0, hint: str = "") -> None:
        super().__init__(reason, message, hint=hint)
        self.status = status


class HttpApi:
    """`Api` over HTTP.

    Args:
        endpoint: base URL with the stage, without `/api/v1`.
        token: bearer token, None for the open routes.
        timeout_seconds: how long one answer may take.
        session: connections are kept in it; made when the first call needs one.
        sleep: pause between repeated calls.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        token: str | None,
        timeout_seconds: float,
        session: "requests.Session | None" = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = parse_endpoint(endpoint)
        self._token = token
        self._timeout = timeout_seconds
        self._session = session
        self._sleep = sleep

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call, and again after a pause where the cause may have gone away and a second run does no harm."""
        sent = {"Accept": "application/json", **(headers or {})}
        safe = method in {"GET", "DELETE"} or "Idempotency-Key" in sent
        for pause in (*_PAUSES_SECONDS, None):
            try:
                return self._once(method, path, query or {}, body, sent)
            except ApiUnavailable:
                if pause is None or not safe:
                    raise
                self._sleep(pause)
        raise AssertionError("unreachable")  # pragma: no cover - the loop returns or raises

    def _once(
        self, method: str, path: str, query: Mapping[str, str], body: object | None, headers: Mapping[str, str]
    ) -> Answer:
        import requests  # noqa: PLC0415 - 100 ms: help, local validation and usage errors do without

        session = self._session = self._session or requests.Session()
        try:
            response = session.request(
                method,
                f"{self._base}{path}",
                params=dict(query),
                json=body,
                headers=dict(headers),
                # An authentication of our own keeps requests from taking one out of a netrc file.
                auth=self._authorise,
                timeout=(min(_CONNECT_TIMEOUT_SECONDS, self._timeout), self._timeout),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = _bounded(response)
        except requests.RequestException as error:
            raise ApiUnavailable(CANNOT_REACH, f"{self._base}: {type(error).__name__}") from error
        return _answer(response.status_code, response.headers, content)

    def _authorise(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def parse_endpoint(text: str) -> str:
    """Give the base URL without a closing slash or `/api/v1`.

    Raises:
        UsageError: not http(s), with user information, query or fragment, or plain HTTP to another machine.
    """
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(INVALID_ENDPOINT, text) from error
    plain = "@" not in parts.netloc and not parts.query and not parts.fragment
    if parts.scheme not in {"http", "https"} or not host or not plain:
        raise UsageError(INVALID_ENDPOINT, "give scheme, host and path only" if not plain else text)
    if parts.scheme == "http" and not _is_this_machine(host):
        raise UsageError(INVALID_ENDPOINT, f"{text}: a token would travel in clear text")
    return text.strip().rstrip("/").removesuffix("/api/v1").rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _bounded(response: "requests.Response") -> bytes:
    content = bytearray()
    for piece in response.iter_content(64 * 1024):
        content += piece
        if len(content) > _MAX_ANSWER_BYTES:
            raise Refused(BAD_ANSWER, f"the answer is larger than {_MAX_ANSWER_BYTES} bytes")
    return bytes(content)


def _answer(status: int, headers: Mapping[str, str], content: bytes) -> Answer:
    try:
        document = parse_strict_json(content, max_bytes=_MAX_ANSWER_BYTES) if content.strip() else {}
    except Refused:
        document = None
    if status >= _CLIENT_ERROR:
        raise _failure(status, document)
    if not isinstance(document, dict) or status >= 300:  # noqa: PLR2004 - redirects are 3xx
        raise Refused(BAD_ANSWER, f"HTTP {status} without one of our documents")
    return Answer(status, document, {name.lower(): value for name, value in headers.items()})


def _failure(status: int, document: object) -> PlugportError:
    errors = document.get("errors") if isinstance(document, dict) else None
    entries = tuple(_entry(error) for error in errors if isinstance(error, dict)) if isinstance(errors, list) else ()
    if status in {_TOO_MANY, *range(_SERVER_ERROR, 600)} - {_NOT_IMPLEMENTED}:
        first = entries[0] if entries else ApiError(CANNOT_REACH.code, f"HTTP {status}", "Try again in a moment.")
        return ApiUnavailable(Reason(first.code, first.detail, first.hint), first.detail, status=status)
    if entries:
        return ApiRefused(status, entries)
    reason = _GATEWAY.get(status, BAD_ANSWER)
    return ApiRefused(status, (ApiError(reason.code, f"{reason.title} (HTTP {status})", reason.hint),))


def _entry(error: Mapping[str, Any]) -> ApiError:
    code, hint = str(error.get("code") or "error"), str(error.get("hint") or "")
    return ApiError(code, str(error.get("detail") or error.get("title") or code), hint)
