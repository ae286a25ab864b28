"""HTTP answers that a peer can't stretch: header bytes, framing, and the time spent waiting are bounded.

`http.client` reads interim answers without end and a read timeout only bounds silence, so each receive of an answer
goes through a `Patience` here, for the header as for the body. https://www.rfc-editor.org/rfc/rfc9112#section-6.3
"""

import http.client
import io
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast

from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool

from shared.errors import Refused, Transient
from shared.registry.limits import DEFAULT_LIMITS, Limits
from shared.registry.reasons import REGISTRY_PROTOCOL_ERROR, REGISTRY_TIMEOUT

if TYPE_CHECKING:
    import socket

# What reaches the connection from above: urllib3 makes the answer objects and can't be handed anything.
_PATIENCE: ContextVar["Patience"] = ContextVar("patience")
_FRAMINGS: Final = frozenset({None, "chunked"})


class Patience:
    """How long a peer may keep us waiting for one answer: a fixed part, and what its bytes have earned.

    Only time spent in receives counts: a slow consumer (the upload) is not the registry's fault.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._limits = limits
        self._waited = 0.0
        self._received = 0
        self._header_bytes = 0

    def note(self, seconds: float, count: int) -> None:
        """Count one receive; raises `Transient` with `registry_timeout` when the patience is used up."""
        self._waited += seconds
        self._received += count
        allowed = self._limits.patience_seconds + self._received / self._limits.min_bytes_per_second
        if self._waited > allowed:
            raise Transient(REGISTRY_TIMEOUT, f"{self._received} bytes in {self._waited:.0f} seconds of waiting")

    def note_header(self, count: int) -> None:
        """Count bytes that arrive before the body; raises `Refused` with `registry_protocol_error`."""
        self._header_bytes += count
        if self._header_bytes > self._limits.max_header_bytes:
            raise Refused(REGISTRY_PROTOCOL_ERROR, f"more than {self._limits.max_header_bytes} bytes of headers")


@contextmanager
def waiting_with(patience: Patience) -> Generator[None]:
    """Let the answers that are begun inside the block use this patience, to the end of their bodies."""
    token = _PATIENCE.set(patience)
    try:
        yield
    finally:
        _PATIENCE.reset(token)


class _Receiver(io.RawIOBase):
    """The raw side of an answer: each receive is timed and counted."""

    def __init__(self, raw: io.RawIOBase, patience: Patience) -> None:
        super().__init__()
        self._raw = raw
        self._patience = patience
        self.in_header = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        start = self._patience.clock()
        count = self._raw.readinto(buffer) or 0
        self._patience.note(self._patience.clock() - start, count)
        if self.in_header:
            self._patience.note_header(count)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Source:
    """What `http.client` asks of a socket: one file to read from."""

    def __init__(self, receiver: _Receiver) -> None:
        self._receiver = receiver

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._receiver)


class BoundedResponse(http.client.HTTPResponse):
    """An answer whose header is small, whose framing is unambiguous and whose peer makes progress."""

    def __init__(
        self, sock: "socket.socket", debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        raw = sock.makefile("rb", buffering=0)
        # The pool may also serve someone who brought no patience: then it is the default one.
        patience = _PATIENCE.get(None) or Patience(DEFAULT_LIMITS, time.monotonic)
        self._receiver = _Receiver(cast("io.RawIOBase", raw), patience)
        super().__init__(cast("socket.socket", _Source(self._receiver)), debuglevel, method, url)

    def begin(self) -> None:
        """Read status line and headers; raises `Refused` with `registry_protocol_error`, or what the socket raises."""
        try:
            super().begin()
        except http.client.RemoteDisconnected:
            raise
        except http.client.HTTPException as error:
            # The peer's words are in the exception (a port scan would like to read them): its class is enough.
            raise Refused(REGISTRY_PROTOCOL_ERROR, type(error).__name__) from None
        self._receiver.in_header = False
        self._check_framing()

    def _check_framing(self) -> None:
        if self.headers.defects:
            raise Refused(REGISTRY_PROTOCOL_ERROR, "malformed headers")
        codings = self.headers.get_all("Transfer-Encoding") or []
        lengths = self.headers.get_all("Content-Length") or []
        if len(codings) > 1 or len(set(lengths)) > 1 or (codings and lengths):
            raise Refused(REGISTRY_PROTOCOL_ERROR, "the length of the body is stated twice")
        coding = codings[0].strip().lower() if codings else None
        if coding not in _FRAMINGS:
            raise Refused(REGISTRY_PROTOCOL_ERROR, "a transfer coding that was not asked for")
        if lengths and not (lengths[0].isascii() and lengths[0].isdigit()):
            raise Refused(REGISTRY_PROTOCOL_ERROR, "Content-Length is not a number")


def bound_connections(pool: ConnectionPool) -> None:
    """Let the connections that this pool opens from now on give bounded answers."""
    if not isinstance(pool, HTTPConnectionPool):
        return
    kind: Any = pool.ConnectionCls
    if kind.response_class is not BoundedResponse:
        pool.ConnectionCls = type(f"Bounded{kind.__name__}", (kind,), {"response_class": BoundedResponse})
