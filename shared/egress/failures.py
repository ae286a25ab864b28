"""What the standard library raises for a connection, and what must happen next."""

import http.client
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from shared.egress.reasons import (
    CONNECTION_FAILED,
    CONNECTION_REFUSED,
    CONNECTION_RESET,
    CONNECTION_TIMED_OUT,
    HTTP_PROTOCOL_ERROR,
    NAME_LOOKUP_FAILED,
    RESPONSE_INCOMPLETE,
    TLS_HANDSHAKE_FAILED,
    TLS_VERIFICATION_FAILED,
)
from shared.errors import PlugportError, Reason, Refused, Transient

_MAX_CAUSES: Final = 16


class Row(NamedTuple):
    """One row of the table: these classes and their subclasses, unless an earlier row knows better."""

    classes: tuple[type[BaseException], ...]
    becomes: type[Refused] | type[Transient]
    reason: Reason


STANDARD_LIBRARY: Final = (
    Row((ssl.SSLCertVerificationError,), Refused, TLS_VERIFICATION_FAILED),
    Row((ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError), Transient, CONNECTION_RESET),
    Row((ssl.SSLWantReadError, ssl.SSLWantWriteError), Transient, CONNECTION_TIMED_OUT),
    Row((ssl.SSLError,), Refused, TLS_HANDSHAKE_FAILED),
    Row((socket.gaierror, socket.herror), Transient, NAME_LOOKUP_FAILED),
    Row((ConnectionRefusedError,), Transient, CONNECTION_REFUSED),
    Row(
        (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, http.client.RemoteDisconnected),
        Transient,
        CONNECTION_RESET,
    ),
    Row((TimeoutError,), Transient, CONNECTION_TIMED_OUT),
    Row((http.client.IncompleteRead,), Transient, RESPONSE_INCOMPLETE),
    Row((http.client.HTTPException,), Refused, HTTP_PROTOCOL_ERROR),
)
LAST_RESORT: Final = (Row((OSError,), Transient, CONNECTION_FAILED),)
SOCKET_TABLE: Final = STANDARD_LIBRARY + LAST_RESORT


def failure_of(error: BaseException, peer: str, table: Sequence[Row] = SOCKET_TABLE) -> PlugportError | None:
    """Give what an exception means, by the first row that knows it or one of its causes; None if no row does.

    The message holds the peer and the reason, and for a certificate what is wrong with it: nothing that the peer
    sent (it would make a port scanner of us) and no URL (it may hold a signature).
    """
    chain = tuple(_causes(error))
    for row in table:
        for cause in chain:
            if isinstance(cause, row.classes):
                detail = getattr(cause, "verify_message", "") if row.reason is TLS_VERIFICATION_FAILED else ""
                return row.becomes(row.reason, f"{peer}: {detail or row.reason.title}")
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Unwrap: the libraries pack causes into `__cause__`, `reason` or their arguments."""
    pending = [error]
    seen: list[BaseException] = []
    while pending and len(seen) < _MAX_CAUSES:
        current = pending.pop(0)
        if any(current is known for known in seen):
            continue
        seen.append(current)
        yield current
        inner = (current.__cause__, getattr(current, "reason", None), *current.args)
        pending.extend(cause for cause in inner if isinstance(cause, BaseException))
