"""Answers can't be stretched: headers, framing and waiting are bounded, without a network."""

import io
import socket
from typing import cast

import pytest

from shared.errors import Refused, Transient
from shared.registry.bounded_http import BoundedResponse, Patience, waiting_with
from shared.registry.limits import Limits
from tests.unit.registry.fakes import FakeClock


class _Peer(io.RawIOBase):
    """A socket's file: gives the pieces one receive each, and lets the clock run while it waits."""

    def __init__(self, pieces: list[bytes], clock: FakeClock, seconds: float) -> None:
        super().__init__()
        self._pieces = pieces
        self._clock = clock
        self._seconds = seconds

    def makefile(self, _mode: str, *, buffering: int) -> "_Peer":
        assert buffering == 0
        return self

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # narrower than Buffer
        self._clock.now += self._seconds
        if not self._pieces:
            return 0
        piece = self._pieces.pop(0)
        buffer[: len(piece)] = piece
        return len(piece)


def _answer(*pieces: bytes, seconds: float = 0.0) -> BoundedResponse:
    clock = FakeClock()
    with waiting_with(Patience(Limits(), clock)):
        answer = BoundedResponse(cast("socket.socket", _Peer(list(pieces), clock, seconds)), method="GET")
        answer.begin()
    return answer


def _refusal(*pieces: bytes, seconds: float = 0.0) -> str:
    try:
        answer = _answer(*pieces, seconds=seconds)
        answer.read()
    except (Refused, Transient) as error:
        return error.reason.code
    return ""


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked",
        b"Content-Length: 3\r\nContent-Length: 4",
        b"Content-Length: +3",
        b"Content-Length: -3",
        b"Content-Length: 3, 3",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"\r\n".join(b"X-%d: x" % number for number in range(101)),
        b"X: " + b"x" * 66_000,
        b"no colon here",
    ],
)
def test_a_header_that_two_readers_frame_differently_is_refused(head: bytes) -> None:
    """Two lengths, odd codings, too much: all are protocol errors."""
    assert _refusal(b"HTTP/1.1 200 OK\r\n", *_pieces(head), b"\r\n\r\nabc") == "registry_protocol_error"


def _pieces(data: bytes) -> list[bytes]:
    return [data[start : start + 4096] for start in range(0, len(data), 4096)]


@pytest.mark.parametrize("start", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\r\n"])
def test_what_is_not_http_is_refused_without_repeating_it(start: bytes) -> None:
    """A banner stays out of the message: a port scan learns nothing."""
    with pytest.raises(Refused) as refused:
        _answer(start, b"\r\n\r\n")
    assert refused.value.reason.code == "registry_protocol_error"
    assert "SSH" not in refused.value.message


def test_interim_answers_do_not_go_on_for_ever() -> None:
    """Their bytes count as header bytes."""
    assert _refusal(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 10_000) == "registry_protocol_error"


def test_an_interim_answer_is_skipped() -> None:
    """One is ordinary."""
    answer = _answer(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
    assert (answer.status, answer.read()) == (200, b"abc")


def test_an_end_before_the_answer_stays_a_connection_error() -> None:
    """It may be tried again, so it is not a protocol error."""
    with pytest.raises(ConnectionResetError):
        _answer()


def test_a_drip_is_given_up_although_every_read_succeeds() -> None:
    """Patience is time of waiting, not of silence: in the header and in the body."""
    drip = [b"x"] * 1000
    assert _refusal(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", *drip, seconds=1.0) == "registry_timeout"
    assert _refusal(*[bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\n" * 10], seconds=1.0) == "registry_timeout"


def test_bytes_earn_patience() -> None:
    """A large body at a fair rate takes longer than the fixed part, and is read to its end."""
    size = 8192 * 1000
    answer = _answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size, *[b"x" * 8192] * 1000, seconds=0.1)
    assert len(answer.read()) == size


def test_a_chunked_body_is_read() -> None:
    """The framing that registries use for manifests."""
    answer = _answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    buffer = bytearray(10)
    assert answer.readinto(buffer) == 3
    assert answer.readinto(buffer) == 0
