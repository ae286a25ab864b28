"""Why a connection was not made, or ended; a refused target has the policy's own reason."""

from typing import Final

from shared.errors import Reason

INVALID_URL = Reason(
    "invalid_url",
    "the URL is not one that is followed",
    "Use http or https, a plain host and port, no user information; IPv6 in brackets.",
)
PLAIN_HTTP_REFUSED = Reason(
    "plain_http_refused",
    "plain http is refused for this host",
    "Serve it with https, or for development list it in OCI_PLUGINS_INSECURE_REGISTRIES "
    "(AI_STUDIO_OCI_INSECURE_REGISTRIES in the studio).",
)
NAME_LOOKUP_FAILED = Reason(
    "name_lookup_failed",
    "the name could not be looked up",
    "Try again in a moment; if it stays so, check the DNS servers of the network that Plugport runs in.",
)
NAME_LOOKUP_TIMED_OUT = Reason(
    "name_lookup_timed_out",
    "the name look-up took too long",
    "Try again in a moment; if it stays so, check the domain's name servers.",
)
CONNECTION_REFUSED = Reason(
    "connection_refused",
    "nothing accepts connections at this host and port",
    "Check that the service runs, that the port is right, and that a firewall lets Plugport in.",
)
CONNECTION_TIMED_OUT = Reason(
    "connection_timed_out",
    "the connection could not be made in time",
    "Check that host and port are reachable from Plugport's network; a firewall that drops packets looks like this.",
)
CONNECTION_RESET = Reason(
    "connection_reset",
    "the other side ended the connection",
    "Try again; if it stays so, look at the log of the service or of the proxy before it.",
)
CONNECTION_FAILED = Reason(
    "connection_failed",
    "the connection could not be made",
    "Check that there is a route from Plugport's network to the host.",
)
TLS_VERIFICATION_FAILED = Reason(
    "tls_verification_failed",
    "the certificate does not prove that this is the right server",
    "Renew the certificate, make it name this host, or configure the CA that issued it; "
    "verification can't be turned off.",
)
TLS_HANDSHAKE_FAILED = Reason(
    "tls_handshake_failed",
    "no TLS connection could be agreed on",
    "Check that the port speaks TLS 1.2 or newer and not plain http.",
)
CA_BUNDLE_INVALID = Reason(
    "ca_bundle_invalid",
    "the configured CA bundle can't be used",
    "Give the path of a readable PEM file, or the PEM text itself, with at least one CA certificate.",
)
RESPONSE_TIMED_OUT = Reason(
    "response_timed_out",
    "the server did not answer in time",
    "Try again later; if it stays so, look at the server's load and at the network between.",
)
RESPONSE_INCOMPLETE = Reason(
    "response_incomplete",
    "the answer ended before it was complete",
    "Try again; if it stays so, a proxy or the server cuts answers short.",
)
RESPONSE_UNDECODABLE = Reason(
    "response_undecodable",
    "the answer's content encoding is wrong",
    "Switch compression off at the server or at the proxy before it.",
)
HTTP_PROTOCOL_ERROR = Reason(
    "http_protocol_error",
    "the answer is not correct HTTP",
    "Check that host and port belong to an HTTP service.",
)
UNEXPECTED_HTTP_STATUS = Reason(
    "unexpected_http_status",
    "the server answered with an error status",
    "Look at the server's log for the cause.",
)
HTTP_CLIENT_FAULT = Reason(
    "http_client_fault",
    "the HTTP client was asked for something that it can't do",
    "Please report this with the log entry; it is not your doing.",
)

REASONS: Final[tuple[Reason, ...]] = (
    INVALID_URL,
    PLAIN_HTTP_REFUSED,
    NAME_LOOKUP_FAILED,
    NAME_LOOKUP_TIMED_OUT,
    CONNECTION_REFUSED,
    CONNECTION_TIMED_OUT,
    CONNECTION_RESET,
    CONNECTION_FAILED,
    TLS_VERIFICATION_FAILED,
    TLS_HANDSHAKE_FAILED,
    CA_BUNDLE_INVALID,
    RESPONSE_TIMED_OUT,
    RESPONSE_INCOMPLETE,
    RESPONSE_UNDECODABLE,
    HTTP_PROTOCOL_ERROR,
    UNEXPECTED_HTTP_STATUS,
    HTTP_CLIENT_FAULT,
)
