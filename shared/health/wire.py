"""The four protobuf messages that the probes exchange, by hand: importing protobuf costs a cold start more than this.

Encoding: https://protobuf.dev/programming-guides/encoding/
`grpc.health.v1`: https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto
`plugin.PluginService/Ping`: `PingRequest {int64 timestamp = 1}`, `PingResponse {int64 timestamp = 1; bool healthy = 2}`
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.errors import Refused
from shared.health.reasons import BAD_RESPONSE

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES: Final = 10
_MAX_SHORT_VARINT_BYTES: Final = 5
_UINT32: Final = 1 << 32
_UINT64: Final = 1 << 64
_MAX_FIELD_NUMBER: Final = (1 << 29) - 1
_CONTINUES: Final = 0x80

_SERVING_STATUSES: Final = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")


@dataclass(frozen=True, slots=True)
class PingResponse:
    """A plugin's answer to Ping.

    Attributes:
        timestamp: the request's, echoed.
        healthy: what the plugin says of itself.
    """

    timestamp: int
    healthy: bool


def encode_varint(value: int) -> bytes:
    """Encode a signed 64-bit integer as `int64` is encoded: two's complement, at most 10 bytes."""
    rest = value % _UINT64
    encoded = bytearray()
    while rest >= _CONTINUES:
        encoded.append(rest % _CONTINUES | _CONTINUES)
        rest //= _CONTINUES
    encoded.append(rest)
    return bytes(encoded)


def decode_varint(data: bytes, offset: int = 0) -> tuple[int, int]:
    """Decode an unsigned 64-bit integer; gives it with the offset behind it.

    Raises:
        Refused: `bad_response`: cut off, longer than 10 bytes or beyond 64 bits.
    """
    value = 0
    for index, byte in enumerate(data[offset : offset + _MAX_VARINT_BYTES]):
        value |= (byte & ~_CONTINUES) << (7 * index)
        if byte < _CONTINUES:
            if value >= _UINT64:
                break
            return value, offset + index + 1
    raise Refused(BAD_RESPONSE, "a number in the answer is cut off or beyond 64 bits")


def encode_health_check_request(service: str) -> bytes:
    """Encode `HealthCheckRequest {string service = 1}`; the empty name asks for the server as a whole."""
    name = service.encode()
    return b"\x0a" + encode_varint(len(name)) + name if name else b""


def decode_health_check_response(data: bytes) -> str:
    """Give the name of the answered serving status, `UNRECOGNIZED` for a number that the definition lacks.

    Raises:
        Refused: `bad_response`.
    """
    status = _integers(data).get(1, 0) % _UINT32  # an enum is the low 32 bits of its varint
    return _SERVING_STATUSES[status] if status < len(_SERVING_STATUSES) else "UNRECOGNIZED"


def encode_ping_request(timestamp: int) -> bytes:
    """Encode `PingRequest`; zero is left out, as proto3 does."""
    return b"\x08" + encode_varint(timestamp) if timestamp else b""


def decode_ping_response(data: bytes) -> PingResponse:
    """Decode `PingResponse`; absent fields are zero and False.

    Raises:
        Refused: `bad_response`.
    """
    numbers = _integers(data)
    timestamp = numbers.get(1, 0)
    return PingResponse(timestamp if timestamp < _UINT64 // 2 else timestamp - _UINT64, bool(numbers.get(2, 0)))


def _integers(data: bytes) -> dict[int, int]:
    """Give the varint fields by number: the last one wins, other wire types are skipped, as the encoding prescribes."""
    return dict(_fields(data))


def _fields(data: bytes) -> Iterator[tuple[int, int]]:
    offset = 0
    while offset < len(data):
        tag, offset = _short_varint(data, offset)
        number, wire_type = tag >> 3, tag & 7
        if not 1 <= number <= _MAX_FIELD_NUMBER:
            raise Refused(BAD_RESPONSE, "a field in the answer has no valid number")
        if wire_type == _VARINT:
            value, offset = decode_varint(data, offset)
            yield number, value
        elif wire_type == _LENGTH:
            length, offset = _short_varint(data, offset)
            offset += length
        elif wire_type in (_FIXED64, _FIXED32):
            offset += 8 if wire_type == _FIXED64 else 4
        else:
            raise Refused(BAD_RESPONSE, "a field in the answer has a wire type that is not used")
    if offset > len(data):
        raise Refused(BAD_RESPONSE, "the answer is cut off")


def _short_varint(data: bytes, offset: int) -> tuple[int, int]:
    """Decode a tag or a length: 32 bits, in at most five bytes, as protobuf's own readers ask."""
    value, end = decode_varint(data, offset)
    if end - offset > _MAX_SHORT_VARINT_BYTES or value >= _UINT32:
        raise Refused(BAD_RESPONSE, "a tag or a length in the answer is beyond 32 bits")
    return value, end
