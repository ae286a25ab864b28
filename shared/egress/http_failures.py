"""What requests and urllib3 raise, and what must happen next: one table for every class that they have."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import requests.exceptions as of_requests
import urllib3.exceptions as of_urllib3

from shared.egress.failures import LAST_RESORT, STANDARD_LIBRARY, Row, failure_of
from shared.egress.reasons import (
    CONNECTION_FAILED,
    CONNECTION_RESET,
    CONNECTION_TIMED_OUT,
    HTTP_CLIENT_FAULT,
    HTTP_PROTOCOL_ERROR,
    INVALID_URL,
    NAME_LOOKUP_FAILED,
    RESPONSE_INCOMPLETE,
    RESPONSE_TIMED_OUT,
    RESPONSE_UNDECODABLE,
    TLS_HANDSHAKE_FAILED,
    UNEXPECTED_HTTP_STATUS,
)
from shared.errors import PlugportError, Refused, Transient

#: What says more than the exception of the standard library that it wraps.
_FIRST: Final = (
    Row((of_urllib3.ReadTimeoutError, of_requests.ReadTimeout), Transient, RESPONSE_TIMED_OUT),
    Row(
        (of_urllib3.InvalidChunkLength, of_urllib3.ResponseNotChunked, of_urllib3.HeaderParsingError),
        Refused,
        HTTP_PROTOCOL_ERROR,
    ),
    Row((of_urllib3.IncompleteRead,), Transient, RESPONSE_INCOMPLETE),
    Row((of_urllib3.DecodeError, of_requests.ContentDecodingError), Refused, RESPONSE_UNDECODABLE),
)
#: What is left when no inner cause is known; the base classes at the end.
_THEN: Final = (
    Row((of_urllib3.NameResolutionError,), Transient, NAME_LOOKUP_FAILED),
    Row((of_urllib3.NewConnectionError,), Transient, CONNECTION_FAILED),
    Row((of_urllib3.ConnectTimeoutError, of_requests.ConnectTimeout), Transient, CONNECTION_TIMED_OUT),
    Row((of_urllib3.SSLError, of_requests.SSLError), Refused, TLS_HANDSHAKE_FAILED),
    Row((of_urllib3.TimeoutError, of_requests.Timeout), Transient, RESPONSE_TIMED_OUT),
    Row(
        (
            of_urllib3.LocationParseError,
            of_urllib3.LocationValueError,
            of_urllib3.URLSchemeUnknown,
            of_requests.InvalidURL,
            of_requests.InvalidSchema,
            of_requests.MissingSchema,
            of_requests.URLRequired,
        ),
        Refused,
        INVALID_URL,
    ),
    Row(
        (
            of_urllib3.BodyNotHttplibCompatible,
            of_urllib3.ClosedPoolError,
            of_urllib3.EmptyPoolError,
            of_urllib3.FullPoolError,
            of_urllib3.HostChangedError,
            of_urllib3.InvalidHeader,
            of_urllib3.ProxyError,
            of_urllib3.ProxySchemeUnknown,
            of_urllib3.ProxySchemeUnsupported,
            of_urllib3.TimeoutStateError,
            of_urllib3.UnrewindableBodyError,
            of_requests.InvalidHeader,
            of_requests.InvalidProxyURL,
            of_requests.ProxyError,
            of_requests.RetryError,
            of_requests.StreamConsumedError,
            of_requests.TooManyRedirects,
            of_requests.UnrewindableBodyError,
        ),
        Refused,
        HTTP_CLIENT_FAULT,
    ),
    Row((of_requests.JSONDecodeError, of_requests.InvalidJSONError), Refused, HTTP_PROTOCOL_ERROR),
    Row((of_requests.HTTPError,), Refused, UNEXPECTED_HTTP_STATUS),
    Row((of_requests.ChunkedEncodingError,), Transient, RESPONSE_INCOMPLETE),
    Row((of_urllib3.ResponseError, of_urllib3.ProtocolError), Transient, CONNECTION_RESET),
    Row((of_urllib3.MaxRetryError, of_requests.ConnectionError), Transient, CONNECTION_FAILED),
    Row(
        (of_urllib3.RequestError, of_urllib3.PoolError, of_urllib3.HTTPError, of_requests.RequestException),
        Refused,
        HTTP_CLIENT_FAULT,
    ),
)
HTTP_TABLE: Final = _FIRST + STANDARD_LIBRARY + _THEN + LAST_RESORT

_FOREIGN: Final = (
    OSError,  # of it: requests.RequestException, ssl.SSLError, TimeoutError
    http.client.HTTPException,
    of_urllib3.HTTPError,
    of_urllib3.ProxySchemeUnsupported,
)


@contextmanager
def mapped_errors(peer: str) -> Iterator[None]:
    """Map whatever requests, urllib3 and the standard library raise in the block, reading of a body included.

    Args:
        peer: whom the block talks to, for the message; an `Origin`, never a URL with a query.

    Raises:
        Refused: TLS, HTTP or the URL is wrong, so trying again changes nothing.
        Transient: the connection failed, was cut or timed out.
    """
    try:
        yield
    except _FOREIGN as error:
        # Not chained: the libraries' messages repeat URLs, and those of object stores are signed.
        raise _failure(error, peer) from None


def _failure(error: BaseException, peer: str) -> PlugportError:
    return failure_of(error, peer, HTTP_TABLE) or Refused(HTTP_CLIENT_FAULT, f"{peer}: {type(error).__name__}")
