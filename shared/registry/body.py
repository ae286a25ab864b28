"""Read the body of an answer: raw bytes in the framing's order, never decoded."""

from collections.abc import Mapping
from typing import Any, Protocol

import requests

from shared.egress.http_failures import mapped_errors
from shared.egress.origins import parse_origin
from shared.errors import Reason, Refused, Transient
from shared.registry.bounded_http import BoundedResponse
from shared.registry.reasons import REGISTRY_PROTOCOL_ERROR, SIZE_MISMATCH

_CHUNK_BYTES = 64 * 1024


class Body(Protocol):
    """Bytes of one answer."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the front of the buffer; 0 at the end of what came, be it all or not."""


class _DirectBody:
    """The body straight from the connection's buffer: urllib3's own reader copies each byte once more."""

    def __init__(self, answer: BoundedResponse, peer: str) -> None:
        self._answer = answer
        self._peer = peer

    def readinto(self, buffer: memoryview, /) -> int:
        with mapped_errors(self._peer):
            return self._answer.readinto(buffer)


class _CopiedBody:
    """The body through urllib3, for answers that were not read from one of our connections."""

    def __init__(self, raw: Any, peer: str) -> None:
        self._raw = raw
        self._peer = peer

    def readinto(self, buffer: memoryview, /) -> int:
        with mapped_errors(self._peer):
            data: bytes = self._raw.read(len(buffer), decode_content=False)
        buffer[: len(data)] = data
        return len(data)


def body_of(response: requests.Response) -> Body:
    """Give the reader of an answer's body."""
    # requests itself looks there for cookies; there is no public way to the answer below.
    original = getattr(response.raw, "_original_response", None)
    peer = str(parse_origin(response.url))
    if isinstance(original, BoundedResponse):
        return _DirectBody(original, peer)
    return _CopiedBody(response.raw, peer)


def content_length(headers: Mapping[str, str]) -> int | None:
    """Give the stated length in bytes, None where there is none; raises `Refused`."""
    text = headers.get("Content-Length")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Refused(REGISTRY_PROTOCOL_ERROR, "Content-Length is not a number")
    return int(text)


def refuse_encoding(response: requests.Response, reason: Reason = REGISTRY_PROTOCOL_ERROR) -> None:
    """Refuse a content encoding: none was asked for, and inflating is how a small answer becomes a large one."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise Refused(reason, "the body has a content encoding that was not asked for")


def read_document(response: requests.Response, max_bytes: int, too_large: Reason) -> bytes:
    """Read a small body whole.

    Raises:
        Refused: `too_large` at the first byte over `max_bytes`, or from the stated length alone;
            `registry_protocol_error` for a content encoding.
        Transient: `size_mismatch` for a body that ends before its stated length, or a broken connection.
    """
    refuse_encoding(response)
    stated = content_length(response.headers)
    if stated is not None and stated > max_bytes:
        raise Refused(too_large, f"{stated} bytes stated, {max_bytes} allowed")
    body = body_of(response)
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    data = bytearray()
    while count := body.readinto(buffer):
        data += buffer[:count]
        if len(data) > max_bytes:
            raise Refused(too_large, f"more than {max_bytes} bytes")
    if stated is not None and len(data) != stated:
        raise Transient(SIZE_MISMATCH, f"{len(data)} of {stated} bytes came")
    return bytes(data)
