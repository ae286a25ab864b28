"""Answers: the envelope, the headers that every answer has, and which status a reason gets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from functions.registration import reasons
from functions.registration.failures import Failures, NotServed
from shared.aws import AWS_DENIED
from shared.errors import NotFound, PlugportError, Reason, Transient
from shared.plugins.ports import SLUG_TAKEN, STORE_UNAVAILABLE, WRITE_CONFLICT
from shared.plugins.transitions import STALE_TRANSITION
from shared.strict_json import JSON_TOO_LARGE

#: Status of a refusal; every other one is 400, 404 for `NotFound`, or 409 for `NotServed`.
_STATUS: Final[Mapping[str, int]] = {
    reasons.UNAUTHORIZED.code: 401,
    reasons.FORBIDDEN.code: 403,
    reasons.ROUTE_NOT_FOUND.code: 404,
    reasons.PLATFORM_NOT_AVAILABLE.code: 404,
    reasons.METHOD_NOT_ALLOWED.code: 405,
    SLUG_TAKEN.code: 409,
    WRITE_CONFLICT.code: 409,
    STALE_TRANSITION.code: 409,
    reasons.IDEMPOTENT_RESULT_GONE.code: 409,
    reasons.PLUGIN_INACTIVE.code: 409,
    reasons.NO_ACTIVE_VERSION.code: 409,
    reasons.SIGNATURE_NOT_VERIFIED.code: 409,
    reasons.PRECONDITION_FAILED.code: 412,
    reasons.BODY_TOO_LARGE.code: 413,
    JSON_TOO_LARGE.code: 413,
    reasons.UNSUPPORTED_MEDIA_TYPE.code: 415,
    reasons.UNSUPPORTED_CONTENT_ENCODING.code: 415,
    reasons.IDEMPOTENCY_KEY_REUSED.code: 422,
    reasons.HEADERS_TOO_LARGE.code: 431,
    reasons.UNFORESEEN_ERROR.code: 500,
    reasons.NOT_BUILT_YET.code: 501,
}
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_UNAVAILABLE: Final = 503
_RETRY_AFTER_SECONDS: Final = 2

#: What every answer carries: it is data of one caller, never a page (OWASP REST Security Cheat Sheet).
_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route says.

    Attributes:
        status: HTTP status.
        document: becomes the JSON body; None = no body.
        headers: beside those that every answer has.
    """

    status: int
    document: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> str | None:
        """Give the body as JSON, in text that UTF-8 can write."""
        return None if self.document is None else json_text(self.document)

    def all_headers(self, correlation_id: str) -> dict[str, str]:
        """Give every header of the answer."""
        return {**_HEADERS, "X-Correlation-Id": correlation_id, **self.headers}


def json_text(document: Mapping[str, Any]) -> str:
    """Give compact JSON in which characters stand for themselves; half of a surrogate pair stays escaped."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    # UTF-8 has no lone surrogates: Python's escape of one is also JSON's.
    return text.encode("utf-8", "backslashreplace").decode()


def failure(error: PlugportError) -> Answer:
    """Give the answer of a refusal or of a fault that may go away."""
    if isinstance(error, Transient) and error.reason.code != WRITE_CONFLICT.code:
        # What did not answer, and how, is for the log: callers get what they can act on.
        return _unavailable()
    if error.reason.code == AWS_DENIED.code:
        return _unavailable()
    status = _CONFLICT if isinstance(error, NotServed) else _status_of(error)
    entries = error.entries if isinstance(error, Failures) else (error,)
    headers = {"WWW-Authenticate": "Bearer"} if error.reason is reasons.UNAUTHORIZED else {}
    return Answer(status, {"errors": [_entry(status, entry) for entry in entries]}, headers)


def unforeseen(correlation_id: str) -> Answer:
    """Give the answer of an error that nobody foresaw: nothing of it but the id under which the log has it."""
    reason = reasons.UNFORESEEN_ERROR
    return Answer(500, {"errors": [_document(500, reason, f"correlation id {correlation_id}", reason.hint)]})


def _unavailable() -> Answer:
    document = _document(_UNAVAILABLE, STORE_UNAVAILABLE, STORE_UNAVAILABLE.title, STORE_UNAVAILABLE.hint)
    return Answer(_UNAVAILABLE, {"errors": [document]}, {"Retry-After": str(_RETRY_AFTER_SECONDS)})


def _status_of(error: PlugportError) -> int:
    return _STATUS.get(error.reason.code, _NOT_FOUND if isinstance(error, NotFound) else _BAD_REQUEST)


def _entry(status: int, error: PlugportError) -> dict[str, str]:
    return _document(status, error.reason, error.message, error.hint)


def _document(status: int, reason: Reason, detail: str, hint: str) -> dict[str, str]:
    return {"status": str(status), "code": reason.code, "title": reason.title, "detail": detail, "hint": hint}
