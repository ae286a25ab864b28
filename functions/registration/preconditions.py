"""The headers that make a change safe to repeat: If-Match (RFC 9110 §13.1.1) and Idempotency-Key."""

import hashlib
import re
from typing import Final

from functions.registration.reasons import INVALID_IDEMPOTENCY_KEY, INVALID_PRECONDITION, PRECONDITION_FAILED
from functions.registration.request import Request
from functions.registration.resources import etag_of
from shared.errors import Refused
from shared.plugins.ports import Idempotency
from shared.plugins.record import Plugin

#: One entity tag; a weak one is well formed and never matches (https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1).
_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e]{0,64}"'
_IF_MATCH: Final = re.compile(rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG}){{0,15}}")
_ONE_TAG: Final = re.compile(_TAG)
#: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07
_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


def parse_tags(text: str | None) -> frozenset[str] | None:
    """Give the entity tags of an If-Match or If-None-Match header; None where there is no header or it is `*`.

    Raises:
        Refused: `invalid_precondition`.
    """
    if text is None or text.strip() == "*":
        return None
    if _IF_MATCH.fullmatch(text.strip()) is None:
        raise Refused(INVALID_PRECONDITION)
    return frozenset(_ONE_TAG.findall(text))


def check_tags(plugin: Plugin, tags: frozenset[str] | None) -> None:
    """Refuse with `precondition_failed` when the plugin is not what the caller has seen."""
    if tags is not None and etag_of(plugin) not in tags:
        raise Refused(PRECONDITION_FAILED, f"the plugin's generation is {plugin.generation}")


def idempotency_of(request: Request, operation: str) -> Idempotency | None:
    """Give the request's Idempotency-Key bound to token and operation, None where there is none.

    Raises:
        Refused: `invalid_idempotency_key`.
    """
    key = request.header("idempotency-key")
    if key is None:
        return None
    if _IDEMPOTENCY_KEY.fullmatch(key) is None:
        raise Refused(INVALID_IDEMPOTENCY_KEY)
    # None of the three can hold a blank, so no two requests are bound to the same text.
    bound = f"{request.caller.token_id} {operation} {key}"
    return Idempotency(_sha256(bound.encode()), _sha256(request.body))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
