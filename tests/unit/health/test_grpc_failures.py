"""The table from gRPC's words to reasons, where no real peer is needed to see it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.health.grpc_failures import FailedCall, explain

PREFIX = "failed to connect to all addresses; last error: UNKNOWN: ipv4:192.0.2.1:1: "


def failed(status: str, details: str, *, is_connected: bool = True, spent: float = 0.1, uses_tls: bool = False) -> str:
    """Give the reason's code."""
    return explain(FailedCall(status, details, is_connected, spent, uses_tls)).reason.code


@pytest.mark.parametrize(
    ("text", "uses_tls", "code"),
    [
        ("connect: Connection refused (111)", False, "connection_refused"),
        ("connect: No route to host (113)", False, "network_unreachable"),
        ("connect: Network is unreachable (101)", False, "network_unreachable"),
        ("connect: Connection timed out (110)", False, "deadline_exceeded"),
        ("socket: Too many open files (24)", False, "checker_error"),
        ("Socket closed", False, "connection_closed"),
        ("Socket closed", True, "tls_client_certificate_refused"),
        ("Tls handshake failed: TLSV13_ALERT_CERTIFICATE_REQUIRED", True, "tls_client_certificate_refused"),
        ("Tls handshake failed: SSLV3_ALERT_CERTIFICATE_EXPIRED", True, "tls_client_certificate_refused"),
        ("Tls handshake failed: SSLV3_ALERT_HANDSHAKE_FAILURE", True, "tls_handshake_failed"),
        ("words of a later release", False, "connection_closed"),
    ],
)
def test_a_connection_failure_has_the_reason_of_its_text(text: str, uses_tls: bool, code: str) -> None:  # noqa: FBT001 - a parameter of the table
    """Each text has its reason; an unknown one has the general reason, never a wrong one."""
    assert failed("UNAVAILABLE", PREFIX + text, is_connected=False, uses_tls=uses_tls) == code


@pytest.mark.parametrize("status", ["UNKNOWN", "CANCELLED", "DEADLINE_EXCEEDED"])
def test_a_peer_that_ends_the_call_at_the_deadline_timed_out(status: str) -> None:
    """The deadline travels with the call: a hanging server answers it itself, with any of these."""
    assert failed(status, "context deadline exceeded", spent=0.99) == "deadline_exceeded"


def test_a_peer_that_connected_and_hangs_is_unhealthy() -> None:
    """A timeout before the connection is unreachable, one after it is unhealthy."""
    early = explain(FailedCall("DEADLINE_EXCEEDED", "", is_connected=False, spent=1, uses_tls=False))
    late = explain(FailedCall("DEADLINE_EXCEEDED", "", is_connected=True, spent=1, uses_tls=False))
    assert (early.outcome, late.outcome) == ("unreachable", "unhealthy")


@given(st.text(max_size=200))
def test_what_the_peer_writes_is_neither_believed_nor_repeated(text: str) -> None:
    """A `grpc-message` of a standing connection changes no reason and appears in no text."""
    message = f"CERTIFICATE_VERIFY_FAILED Connection refused {text}"
    result = explain(FailedCall("INTERNAL", message, is_connected=True, spent=0.1, uses_tls=True))
    assert result.reason.code == "call_failed"
    assert result.message == "the health check ended with INTERNAL"
