"""The hand-written messages say what protobuf's own would."""

import pytest
from grpc_health.v1 import health_pb2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.errors import Refused
from shared.health.wire import (
    PingResponse,
    decode_health_check_response,
    decode_ping_response,
    decode_varint,
    encode_health_check_request,
    encode_ping_request,
    encode_varint,
)

int64 = st.integers(-(2**63), 2**63 - 1)


@given(int64, st.binary(max_size=8))
def test_a_varint_is_read_back(value: int, rest: bytes) -> None:
    """Every 64-bit integer survives, whatever stands behind it."""
    encoded = encode_varint(value)
    assert len(encoded) <= 10
    assert decode_varint(encoded + rest) == (value % 2**64, len(encoded))


@given(int64)
def test_a_cut_off_varint_is_refused(value: int) -> None:
    """No prefix of a number is a number."""
    encoded = encode_varint(value)
    for length in range(len(encoded)):
        with pytest.raises(Refused, match="bad_response"):
            decode_varint(encoded[:length])


@pytest.mark.parametrize("data", [b"\xff" * 10 + b"\x01", b"\xff" * 9 + b"\x02", b"\x80" * 20])
def test_a_number_beyond_64_bits_is_refused(data: bytes) -> None:
    """More than ten bytes, or more than 64 bits in ten, is no number."""
    with pytest.raises(Refused, match="bad_response"):
        decode_varint(data)


@given(st.text(max_size=300))
def test_a_health_request_is_what_protobuf_writes(service: str) -> None:
    """The bytes equal those of the published definition, for every service name."""
    assert encode_health_check_request(service) == health_pb2.HealthCheckRequest(service=service).SerializeToString()


@pytest.mark.parametrize("status", ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"])
def test_a_health_response_is_read_as_protobuf_wrote_it(status: str) -> None:
    """Each status of the definition has its name."""
    number = health_pb2.HealthCheckResponse.ServingStatus.Value(status)
    data = health_pb2.HealthCheckResponse(status=number).SerializeToString()
    assert decode_health_check_response(data) == status


@given(int64, st.booleans())
def test_a_ping_response_is_read(timestamp: int, healthy: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    """Both fields are read, in any order, and the last of two wins."""
    fields = [encode_ping_request(timestamp) or b"\x08\x00", b"\x10\x01" if healthy else b"\x10\x00"]
    for data in (b"".join(fields), b"".join(reversed(fields)), b"\x08\x05\x10\x00" + b"".join(fields)):
        assert decode_ping_response(data) == PingResponse(timestamp, healthy)


def test_an_empty_message_has_the_default_values() -> None:
    """proto3 leaves zero and False out."""
    assert encode_ping_request(0) == b""
    assert decode_ping_response(b"") == PingResponse(0, healthy=False)
    assert decode_health_check_response(b"") == "UNKNOWN"
    assert encode_health_check_request("") == b""


def test_fields_of_a_newer_definition_are_skipped() -> None:
    """Fixed, length-delimited and unknown varint fields change nothing."""
    newer = b"\x19" + bytes(8) + b"\x25" + bytes(4) + b"\x2a\x03abc" + b"\x30\x63"
    assert decode_ping_response(newer + b"\x10\x01") == PingResponse(0, healthy=True)
    assert decode_health_check_response(b"\x08\x63") == "UNRECOGNIZED"


@pytest.mark.parametrize(
    "data",
    [
        b"\x08",
        b"\x0a\x05ab",
        b"\x19\x00",
        b"\x25\x00\x00",
        b"\x00\x01",
        b"\x0b\x0c",
        b"\x0f",
        b"\x2a\xff\xff\xff\xff\x0f",
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    """Cut-off fields, groups, field number zero and unused wire types are no answer."""
    with pytest.raises(Refused, match="bad_response"):
        decode_ping_response(data)


def _varint(value: int, padding: int) -> bytes:
    """Encode with so many needless bytes behind."""
    plain = encode_varint(value)
    return plain if not padding else plain[:-1] + bytes([plain[-1] | 0x80]) + b"\x80" * (padding - 1) + b"\x00"


varint = st.builds(_varint, st.integers(0, 2**64 - 1) | st.integers(0, 64), st.integers(0, 9))
messages = st.lists(varint | st.binary(max_size=6) | st.sampled_from([b"\x08\x01", b"\x12\x02ab"]), max_size=8)


@settings(max_examples=500)
@example(b"\x0a\x80\x80\x80\x80\x80\x00")
@example(b"\xd1\x80\x80\x80\x80\x00" + bytes(8))
@given(messages.map(b"".join))
def test_any_bytes_are_read_or_refused_as_protobuf_does(data: bytes) -> None:
    """No bytes crash the reader, and what protobuf refuses or reads differently is refused here."""
    theirs = health_pb2.HealthCheckResponse()
    try:
        ours = decode_health_check_response(data)
    except Refused:
        return
    theirs.ParseFromString(data)
    names = {value: name for name, value in health_pb2.HealthCheckResponse.ServingStatus.items()}
    assert ours == names.get(theirs.status, "UNRECOGNIZED")
