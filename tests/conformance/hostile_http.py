"""HTTP as the misbehaving registry speaks it: requests read, answers written byte by byte."""

import socket
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from tests.conformance.hostile_bodies import Body

TIME_SCALE: Final = 0.1
_END: Final = b"\r\n\r\n"
_MAX_HEAD_BYTES: Final = 65536
#: SO_LINGER on, zero seconds: close sends a reset.
_LINGER: Final = struct.pack("ii", 1, 0)


class Seen(NamedTuple):
    """One request as it arrived.

    Attributes:
        host: label of the host that it reached.
        method, target: of the request line.
        headers: by lower-case name.
    """

    host: str
    method: str
    target: str
    headers: Mapping[str, str]


def read_request(connection: socket.socket, host: str) -> Seen | None:
    """Read one request without body; None when the client is done."""
    data = b""
    while _END not in data and len(data) < _MAX_HEAD_BYTES:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    lines = data.partition(_END)[0].decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Seen(host, method, target, headers)


def head(respond: Mapping[str, Any], body: Body) -> bytes:
    """Write status line and headers; the body's length is stated unless the answer says otherwise."""
    headers = dict(respond.get("headers", {}))
    stated = {name.lower() for name in headers}
    if respond.get("chunked"):
        headers["Transfer-Encoding"] = "chunked"
    elif "content_length" in respond:
        headers["Content-Length"] = str(respond["content_length"])
    elif isinstance(body, bytes) and not stated & {"content-length", "transfer-encoding"}:
        headers["Content-Length"] = str(len(body))
    lines = [f"HTTP/1.1 {respond.get('status', 200)} Whatever"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"X-Filler-{number}: x" for number in range(respond.get("many_headers", 0))]
    return "\r\n".join(lines).encode("latin-1") + _END


def pieces(body: Body) -> Iterable[bytes]:
    """Give the body in the pieces that are sent."""
    if isinstance(body, bytes):
        return [body] if body else []
    return (piece for piece in body if piece)


def dripped(body: Body, drip: Mapping[str, int]) -> Iterator[bytes]:
    """Give the body a few bytes at a time, with pauses."""
    data = body if isinstance(body, bytes) else b"".join(body)
    for start in range(0, len(data), drip["bytes"]):
        yield data[start : start + drip["bytes"]]
        time.sleep(drip["every_ms"] / 1000 * TIME_SCALE)


def reset(connection: socket.socket) -> None:
    """Close with a reset instead of an orderly end; TLS sends no goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    connection.close()
