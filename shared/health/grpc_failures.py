"""What a failed gRPC call means: the one table from gRPC's own words to our reasons, pure.

gRPC gives every connection failure the status UNAVAILABLE and tells the cause only in text, so text is what we match.
The texts are those of gRPC core; `tests/integration/health` provokes each with a real peer and fails when a new release
words one differently (then the general reason of its group is given, never a wrong one). Texts that a peer chose
(`grpc-message`) are matched by nothing once the connection stands, and are never repeated.
"""

import re
from dataclasses import dataclass
from typing import Final

from shared.errors import Reason
from shared.health.reasons import (
    AUTHENTICATION_REQUIRED,
    BAD_RESPONSE,
    CALL_FAILED,
    CHECKER_ERROR,
    CONNECTION_CLOSED,
    CONNECTION_REFUSED,
    DEADLINE_EXCEEDED,
    NETWORK_UNREACHABLE,
    NOT_GRPC,
    TLS_CERTIFICATE_INVALID,
    TLS_CLIENT_CERTIFICATE_REFUSED,
    TLS_HANDSHAKE_FAILED,
    TLS_NOT_OFFERED,
    TLS_SETTINGS_INVALID,
)
from shared.health.results import Outcome, Probe, ProbeResult

_CONNECT_FAILED: Final = "failed to connect to all addresses"
_HTTP_STATUS: Final = re.compile(r"Received http2 header with status: ([1-5][0-9]{2})\Z", re.ASCII)
#: gRPC core puts this before what it found itself, as opposed to what the peer sent as `grpc-message`.
_BROKEN_STREAM: Final = "Stream removed ("
_NO_TRAILERS: Final = "Data frame with END_STREAM flag received"

#: A peer that knows the deadline (it is sent along) may end the call itself, just before we do, with any of these.
_TIMEOUT_STATUSES: Final = frozenset({"DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN"})
_NEARLY: Final = 0.95


@dataclass(frozen=True, slots=True)
class FailedCall:
    """One call that gave no message.

    Attributes:
        status: the name of the gRPC status, e.g. `UNAVAILABLE`.
        details: gRPC's text, or the peer's.
        is_connected: the HTTP/2 connection stood when the call ended.
        spent: the part of the deadline that had passed, 0 to 1.
        uses_tls: the connection was made with TLS.
    """

    status: str
    details: str
    is_connected: bool
    spent: float
    uses_tls: bool

    @property
    def http_status(self) -> int | None:
        """The status of an HTTP/2 answer that was not a gRPC answer."""
        match = _HTTP_STATUS.match(self.details)
        return int(match[1]) if match else None

    @property
    def is_absent(self) -> bool:
        """The peer serves HTTP/2, and not this method."""
        return self.status == "UNIMPLEMENTED"


@dataclass(frozen=True, slots=True)
class _Cause:
    reason: Reason
    message: str = ""
    hint: str = ""
    outcome: Outcome = "unreachable"
    probe: Probe = "tcp"


#: Of a connection attempt; the first text that is found decides.
_CONNECT_CAUSES: Final[tuple[tuple[str, _Cause], ...]] = (
    ("Too many open files", _Cause(CHECKER_ERROR, "out of file descriptors", outcome="unknown", probe="none")),
    ("Failed to create security handshaker", _Cause(TLS_SETTINGS_INVALID, outcome="unknown", probe="none")),
    ("Connection refused", _Cause(CONNECTION_REFUSED, probe="none")),
    ("No route to host", _Cause(NETWORK_UNREACHABLE, probe="none")),
    ("is unreachable", _Cause(NETWORK_UNREACHABLE, probe="none")),
    ("timed out", _Cause(DEADLINE_EXCEEDED, probe="none")),
    ("Failed to connect to remote host", _Cause(CONNECTION_CLOSED)),  # accepted and reset at once
    (
        "CERTIFICATE_VERIFY_FAILED: certificate has expired",
        _Cause(TLS_CERTIFICATE_INVALID, "the peer's certificate has expired", "Renew the plugin's certificate."),
    ),
    (
        "CERTIFICATE_VERIFY_FAILED: certificate is not yet valid",
        _Cause(
            TLS_CERTIFICATE_INVALID,
            "the peer's certificate is not in force yet",
            "Check the clock of the machine that made the certificate.",
        ),
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        _Cause(
            TLS_CERTIFICATE_INVALID,
            "the peer's certificate is not signed by a trusted CA",
            "Configure the CA that signed it, and let the plugin send its whole certificate chain.",
        ),
    ),
    (
        "Hostname Verification Check failed",
        _Cause(
            TLS_CERTIFICATE_INVALID,
            "the peer's certificate names another host",
            "Add the command's host to the certificate's subject alternative names.",
        ),
    ),
    ("WRONG_VERSION_NUMBER", _Cause(TLS_NOT_OFFERED)),
    ("CERTIFICATE_REQUIRED", _Cause(TLS_CLIENT_CERTIFICATE_REFUSED)),
    ("ALERT_UNKNOWN_CA", _Cause(TLS_CLIENT_CERTIFICATE_REFUSED)),
    ("ALERT_BAD_CERTIFICATE", _Cause(TLS_CLIENT_CERTIFICATE_REFUSED)),
    ("ALERT_CERTIFICATE_", _Cause(TLS_CLIENT_CERTIFICATE_REFUSED)),
    # TLS 1.3 servers look at the client's certificate after the client's side of the handshake has ended.
    ("Unwrap failed", _Cause(TLS_CLIENT_CERTIFICATE_REFUSED)),
    ("missing selected ALPN", _Cause(NOT_GRPC, "TLS works, but the peer does not offer HTTP/2 (ALPN h2)")),
    ("Tls handshake failed", _Cause(TLS_HANDSHAKE_FAILED)),
    ("Handshake read failed", _Cause(TLS_HANDSHAKE_FAILED)),
    ("Handshake write failed", _Cause(TLS_HANDSHAKE_FAILED)),
    ("http1.x server", _Cause(NOT_GRPC, "the peer answers HTTP/1")),
    ("Failed parsing HTTP/2", _Cause(NOT_GRPC, "the peer does not answer HTTP/2")),
)
_CLOSED: Final = _Cause(CONNECTION_CLOSED)
_CLOSED_AFTER_TLS: Final = _Cause(TLS_CLIENT_CERTIFICATE_REFUSED)


def explain(call: FailedCall) -> ProbeResult:
    """Give the result that a failed call amounts to, without latency and address."""
    if call.status in _TIMEOUT_STATUSES and (call.status == "DEADLINE_EXCEEDED" or call.spent >= _NEARLY):
        return timed_out(is_connected=call.is_connected)
    if call.details.startswith(_CONNECT_FAILED) and not call.is_connected:
        return _result(_connect_cause(call))
    return _result(_answer_cause(call))


def timed_out(*, is_connected: bool) -> ProbeResult:
    """Give the result of a deadline that passed; a peer that connected and then says nothing is unhealthy."""
    if is_connected:
        message = "the peer speaks HTTP/2, and did not answer within the deadline"
        return ProbeResult("unhealthy", "grpc", DEADLINE_EXCEEDED, message)
    message = "no connection, or no HTTP/2 handshake on it, within the deadline"
    return ProbeResult("unreachable", "none", DEADLINE_EXCEEDED, message)


def not_grpc(http_status: int) -> ProbeResult:
    """Give the result of an HTTP/2 peer that answers gRPC calls as a web server would."""
    return _result(_http_cause(http_status))


def _http_cause(http_status: int) -> _Cause:
    return _Cause(NOT_GRPC, f"the peer answers HTTP/2 with status {http_status} and no gRPC status")


def _connect_cause(call: FailedCall) -> _Cause:
    for text, cause in _CONNECT_CAUSES:
        if text in call.details:
            return cause
    return _CLOSED_AFTER_TLS if call.uses_tls else _CLOSED


def _answer_cause(call: FailedCall) -> _Cause:
    if call.http_status is not None:
        return _http_cause(call.http_status)
    if call.status in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return _Cause(AUTHENTICATION_REQUIRED, outcome="unknown", probe="grpc")
    if call.details.startswith(_BROKEN_STREAM):
        return _broken_stream_cause(call)
    if call.status == "INTERNAL" and call.details.startswith("Compression algorithm"):
        message = "the answer is compressed, which was not offered"
        return _Cause(BAD_RESPONSE, message, outcome="unhealthy", probe="grpc")
    return _Cause(CALL_FAILED, f"the health check ended with {call.status}", outcome="unhealthy", probe="grpc")


def _broken_stream_cause(call: FailedCall) -> _Cause:
    if _NO_TRAILERS in call.details:
        return _Cause(NOT_GRPC, "the peer answers HTTP/2 without a gRPC status")
    if call.status == "UNAVAILABLE":
        message = "the peer closed the connection during the call"
        return _Cause(CONNECTION_CLOSED, message, outcome="unhealthy", probe="grpc")
    return _Cause(BAD_RESPONSE, f"the answer broke off ({call.status})", outcome="unhealthy", probe="grpc")


def _result(cause: _Cause) -> ProbeResult:
    return ProbeResult(cause.outcome, cause.probe, cause.reason, cause.message, cause.hint)
