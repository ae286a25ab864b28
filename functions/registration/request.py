"""One call of the API as a value, read strictly from API Gateway's event (REST, payload version 1.0)."""

import base64
import binascii
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from functions.registration.principal import Principal, principal_of
from functions.registration.reasons import (
    AMBIGUOUS_REQUEST,
    BODY_TOO_LARGE,
    HEADERS_TOO_LARGE,
    INVALID_BODY,
    INVALID_QUERY_PARAMETER,
    REPEATED_QUERY_PARAMETER,
    UNAUTHORIZED,
    UNKNOWN_QUERY_PARAMETER,
    UNSUPPORTED_CONTENT_ENCODING,
    UNSUPPORTED_MEDIA_TYPE,
)
from shared.errors import Refused
from shared.strict_json import parse_strict_json

#: A body must be smaller than this; large things go to object storage, not through the API.
BODY_LIMIT_BYTES: Final = 256 * 1024
MAX_HEADER_BYTES: Final = 8 * 1024
MAX_BODY_DEPTH: Final = 32
_MAX_QUERY_VALUE: Final = 2048
_CORRELATION_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: Headers that change what a call means: twice is a disagreement between readers.
_ONCE: Final = ("authorization", "content-type", "content-encoding", "content-length", "idempotency-key", "if-match")
#: The product document's own `curl -d` calls come with curl's default type; what counts is that the body is JSON.
_MEDIA_TYPES: Final = frozenset({"application/json", "application/x-www-form-urlencoded"})


@dataclass(frozen=True, slots=True)
class Request:
    """One call.

    Attributes:
        method: upper case.
        path: without the stage.
        headers: lower-case name → every value that was sent.
        query: name → every value that was sent.
        body: decoded bytes, empty where there is none.
        principal: who calls, None on open routes.
        correlation_id: the caller's, or a new one.
        prefix: what stands before `path` for the caller (the stage, or a custom domain's base path).
        parameters: parts of the path, by the names that its route has for them.
        values: the query parameters, once their route has let them through.
    """

    method: str
    path: str
    headers: Mapping[str, Sequence[str]]
    query: Mapping[str, Sequence[str]]
    body: bytes
    principal: Principal | None
    correlation_id: str
    prefix: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def caller(self) -> Principal:
        """Give who calls; raises `unauthorized` on a route that was reached without a token."""
        if self.principal is None:
            raise Refused(UNAUTHORIZED)
        return self.principal

    def header(self, name: str) -> str | None:
        """Give the header by its lower-case name; the last value where it came more than once."""
        values = self.headers.get(name)
        return values[-1] if values else None

    def query_values(self, allowed: Collection[str]) -> dict[str, str]:
        """Give the query parameters.

        Raises:
            Refused: one is not among `allowed`, comes twice or is far too long.
        """
        unknown = sorted(set(self.query) - set(allowed))
        if unknown:
            takes = f"; this path takes {', '.join(sorted(allowed))}" if allowed else "; this path takes none"
            raise Refused(UNKNOWN_QUERY_PARAMETER, f"{unknown[0][:40]!a}{takes}")
        for name, values in self.query.items():
            if len(values) != 1:
                raise Refused(REPEATED_QUERY_PARAMETER, name)
            if len(values[0]) > _MAX_QUERY_VALUE:
                raise Refused(INVALID_QUERY_PARAMETER, f"{name}: at most {_MAX_QUERY_VALUE} characters")
        return {name: values[0] for name, values in self.query.items()}

    def json_object(self) -> dict[str, Any]:
        """Give the body as a JSON object; an absent body is refused.

        Raises:
            Refused: another media type, not JSON, or no object.
        """
        self._check_media_type()
        value = parse_strict_json(self.body, max_bytes=BODY_LIMIT_BYTES - 1, max_depth=MAX_BODY_DEPTH)
        if not isinstance(value, dict):
            raise Refused(INVALID_BODY)
        return value

    def _check_media_type(self) -> None:
        given = self.header("content-type")
        if given is None:
            return
        media_type, *parameters = (part.strip().lower() for part in given.split(";"))
        if media_type not in _MEDIA_TYPES or any(part not in {"charset=utf-8", ""} for part in parameters):
            raise Refused(UNSUPPORTED_MEDIA_TYPE)


def read_request(event: Mapping[str, Any]) -> Request:
    """Read API Gateway's event.

    Raises:
        Refused: the call is too large or can be read in two ways.
    """
    headers = _multi_values(event, "multiValueHeaders", "headers", lower=True)
    _check_headers(headers)
    context = event.get("requestContext") or {}
    path = event["path"]
    return Request(
        method=event["httpMethod"].upper(),
        path=path,
        headers=headers,
        query=_multi_values(event, "multiValueQueryStringParameters", "queryStringParameters"),
        body=_body(event),
        principal=principal_of(context.get("authorizer")),
        correlation_id=correlation_id_of(event),
        prefix=_prefix(context.get("path"), path),
    )


def correlation_id_of(event: Mapping[str, Any]) -> str:
    """Give the caller's X-Correlation-Id if it is well formed, else the gateway's request id, else a new one."""
    headers = _multi_values(event, "multiValueHeaders", "headers", lower=True)
    context = event.get("requestContext") or {}
    candidates = (*headers.get("x-correlation-id", ())[-1:], context.get("requestId"))
    for candidate in candidates:
        if isinstance(candidate, str) and _CORRELATION_ID.fullmatch(candidate):
            return candidate
    return str(uuid.uuid4())


def _multi_values(
    event: Mapping[str, Any], many: str, single: str, *, lower: bool = False
) -> dict[str, tuple[str, ...]]:
    given = event.get(many) or {name: [value] for name, value in (event.get(single) or {}).items()}
    merged: dict[str, tuple[str, ...]] = {}
    for name, values in given.items():
        key = name.lower() if lower else name
        merged[key] = (*merged.get(key, ()), *(str(value) for value in values or ()))
    return merged


def _check_headers(headers: Mapping[str, Sequence[str]]) -> None:
    size = sum(len(name) + len(value) + 4 for name, values in headers.items() for value in values)
    if size > MAX_HEADER_BYTES:
        raise Refused(HEADERS_TOO_LARGE, f"{size} bytes, at most {MAX_HEADER_BYTES}")
    repeated = [name for name in _ONCE if len(headers.get(name, ())) > 1]
    if repeated:
        raise Refused(AMBIGUOUS_REQUEST, f"{', '.join(repeated)}: more than once")
    if "transfer-encoding" in headers and "content-length" in headers:
        raise Refused(AMBIGUOUS_REQUEST, "transfer-encoding beside content-length")
    if any(value.strip().lower() != "identity" for value in headers.get("content-encoding", ())):
        raise Refused(UNSUPPORTED_CONTENT_ENCODING)


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    # Text is at most as long as its bytes, base64 at most a third longer: refuse before anything is copied.
    if len(text) >= BODY_LIMIT_BYTES * (2 if event.get("isBase64Encoded") else 1):
        raise Refused(BODY_TOO_LARGE)
    try:
        body = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except (binascii.Error, ValueError):
        raise Refused(INVALID_BODY, "the body's encoding is broken") from None
    if len(body) >= BODY_LIMIT_BYTES:
        raise Refused(BODY_TOO_LARGE)
    return body


def _prefix(full_path: object, path: str) -> str:
    """Links are made from the gateway's own configuration, never from Host or X-Forwarded headers."""
    if isinstance(full_path, str) and full_path.endswith(path):
        return full_path[: len(full_path) - len(path)].rstrip("/")
    return ""
