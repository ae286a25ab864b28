"""Every foreign exception has a meaning of ours."""

import errno
import http.client
import inspect
import socket
import ssl
from types import ModuleType
from typing import Any

import pytest
import requests.exceptions
import urllib3.exceptions
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from shared.egress import mapped_errors, reasons
from shared.egress.failures import SOCKET_TABLE, failure_of
from shared.egress.http_failures import HTTP_TABLE
from shared.errors import PlugportError, Reason, Refused, Transient

POOL = HTTPConnectionPool("a.example")
CONNECTION = HTTPConnection("a.example")


def mapped(error: BaseException) -> PlugportError:
    """Raise an exception inside the mapping block and give what comes out."""
    with pytest.raises(PlugportError) as caught, mapped_errors("https://a.example"):
        raise error
    return caught.value


@pytest.mark.parametrize("library", [requests.exceptions, urllib3.exceptions])
def test_table_knows_every_class(library: ModuleType) -> None:
    """A new exception class of requests or urllib3 fails here until the table says what it means."""
    listed = {kind for row in HTTP_TABLE for kind in row.classes}
    theirs = {
        kind
        for _, kind in inspect.getmembers(library, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning) and kind.__module__ == library.__name__
    }
    assert theirs
    assert theirs - listed == set()


def test_standard_library_is_covered() -> None:
    """Every class of `ssl`, every connection error and every error of `http.client` finds a row."""
    kinds: list[Any] = [kind for _, kind in inspect.getmembers(ssl, inspect.isclass) if issubclass(kind, OSError)]
    kinds += [ConnectionError, *ConnectionError.__subclasses__(), TimeoutError, socket.gaierror, socket.herror]
    for kind in kinds:
        assert failure_of(kind(), "a.example") is not None
    for _, kind in inspect.getmembers(http.client, inspect.isclass):
        if issubclass(kind, http.client.HTTPException):
            assert any(issubclass(kind, row.classes) for row in SOCKET_TABLE)


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), Transient, reasons.CONNECTION_REFUSED),
        (OSError(errno.EHOSTUNREACH, "x"), Transient, reasons.CONNECTION_FAILED),
        (TimeoutError(), Transient, reasons.CONNECTION_TIMED_OUT),
        (ConnectionResetError(), Transient, reasons.CONNECTION_RESET),
        (ssl.SSLError(1, "wrong version number"), Refused, reasons.TLS_HANDSHAKE_FAILED),
        (ssl.SSLEOFError(), Transient, reasons.CONNECTION_RESET),
        (http.client.BadStatusLine("SSH-2.0-OpenSSH_9.6"), Refused, reasons.HTTP_PROTOCOL_ERROR),
        (http.client.RemoteDisconnected(""), Transient, reasons.CONNECTION_RESET),
        (http.client.IncompleteRead(b""), Transient, reasons.RESPONSE_INCOMPLETE),
        (socket.gaierror(), Transient, reasons.NAME_LOOKUP_FAILED),
        (urllib3.exceptions.ReadTimeoutError(POOL, "/x", "timed out"), Transient, reasons.RESPONSE_TIMED_OUT),
        (requests.exceptions.ConnectTimeout(), Transient, reasons.CONNECTION_TIMED_OUT),
        (requests.exceptions.ReadTimeout(), Transient, reasons.RESPONSE_TIMED_OUT),
        (requests.exceptions.InvalidURL(), Refused, reasons.INVALID_URL),
        (requests.exceptions.TooManyRedirects(), Refused, reasons.HTTP_CLIENT_FAULT),
        (requests.exceptions.ContentDecodingError(), Refused, reasons.RESPONSE_UNDECODABLE),
        (requests.exceptions.ChunkedEncodingError(), Transient, reasons.RESPONSE_INCOMPLETE),
        (urllib3.exceptions.ProtocolError("x", ConnectionResetError()), Transient, reasons.CONNECTION_RESET),
        (urllib3.exceptions.ProxySchemeUnsupported(), Refused, reasons.HTTP_CLIENT_FAULT),
        (
            requests.exceptions.SSLError(
                urllib3.exceptions.MaxRetryError(
                    POOL, "/x", urllib3.exceptions.SSLError(ssl.SSLCertVerificationError(1, "x"))
                )
            ),
            Refused,
            reasons.TLS_VERIFICATION_FAILED,
        ),
        (
            requests.exceptions.ConnectionError(
                urllib3.exceptions.MaxRetryError(POOL, "/x", urllib3.exceptions.NewConnectionError(CONNECTION, "x"))
            ),
            Transient,
            reasons.CONNECTION_FAILED,
        ),
    ],
)
def test_what_must_happen_next(error: Exception, kind: type[PlugportError], reason: Reason) -> None:
    """Each failure is terminal or transient, with its own reason, however deeply the libraries wrap it."""
    failure = mapped(error)
    assert type(failure) is kind
    assert failure.reason is reason
    assert failure.hint


def test_message_repeats_nothing_of_peer_or_url() -> None:
    """Neither what the peer sent nor the URL gets into the message or the printed traceback."""
    signed = "/blob?X-Amz-Signature=5ec4e7"
    error = requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(POOL, signed, TimeoutError("banner")))
    failure = mapped(error)
    assert str(failure) == "connection_timed_out: https://a.example: the connection could not be made in time"
    assert failure.__suppress_context__
    assert failure.__cause__ is None


def test_our_own_errors_pass() -> None:
    """What is ours already comes through as it is."""
    ours = Refused(reasons.PLAIN_HTTP_REFUSED)
    assert mapped(ours) is ours


def test_unknown_exception_is_not_swallowed() -> None:
    """An error of the program stays one."""
    assert failure_of(KeyError("x"), "a.example") is None
    with pytest.raises(KeyError), mapped_errors("a.example"):
        raise KeyError("x")


def test_cycle_of_causes_ends() -> None:
    """Exceptions that name each other as causes are unwrapped once."""
    first, second = KeyError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    assert failure_of(first, "a.example") is None


def test_reasons_are_distinct_and_helpful() -> None:
    """Codes are unique, and every reason says what to do."""
    codes = [reason.code for reason in reasons.REASONS]
    assert len(codes) == len(set(codes))
    assert all(reason.title and reason.hint.endswith((".", ")")) for reason in reasons.REASONS)
    declared = {value for value in vars(reasons).values() if isinstance(value, Reason)}
    assert declared == set(reasons.REASONS)
