"""TLS and mutual TLS with real certificates of every kind."""

import asyncio
import ssl
import time
from pathlib import Path
from socket import socket

import grpc
import pytest

from shared.health.grpc_probe import TlsSettings, probe_grpc
from shared.health.results import ProbeResult
from tests.integration.health.certificates import Identity, issue
from tests.integration.health.servers import Behaviour, Target, grpc_server, says, silent, tcp_server

pytestmark = pytest.mark.enable_socket

HOST = "plugin.example"
AUTHORITY = issue("authority", is_authority=True)
OTHER_AUTHORITY = issue("other authority", is_authority=True)
GOOD = issue(HOST, AUTHORITY)
CLIENT = issue("client", AUTHORITY)
TRUSTING = TlsSettings(root_certificates=AUTHORITY.certificate_pem)
OPTIONS = (("grpc.default_authority", f"{HOST}:50051"), ("grpc.ssl_target_name_override", HOST))


def probe(port: int, tls: TlsSettings | None, *, deadline_seconds: float = 1.0) -> ProbeResult:
    """Probe a loopback port under the plugin's name."""
    started = time.monotonic()
    target = Target(f"ipv4:127.0.0.1:{port}", OPTIONS)
    result = asyncio.run(probe_grpc(target, deadline_seconds=deadline_seconds, tls=tls))
    assert time.monotonic() - started < deadline_seconds + 0.5
    return result


def server_credentials(identity: Identity, client_authority: Identity | None = None) -> grpc.ServerCredentials:
    """Serve with a certificate; with an authority, only clients that it signed are welcome."""
    return grpc.ssl_server_credentials(
        [(identity.key_pem, identity.certificate_pem)],
        root_certificates=client_authority.certificate_pem if client_authority else None,
        require_client_auth=client_authority is not None,
    )


def mutual(client: Identity) -> TlsSettings:
    """Trust the authority and show a client certificate."""
    return TlsSettings(AUTHORITY.certificate_pem, client.certificate_pem, client.key_pem)


def test_the_right_certificate_is_accepted() -> None:
    """The configured CA signed it, it is in force, and it names the command's host."""
    with grpc_server(statuses={"plugin": "SERVING"}, credentials=server_credentials(GOOD)) as port:
        result = probe(port, TRUSTING)
    assert (result.outcome, result.probe) == ("healthy", "grpc.health.v1")


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        (issue("other.example", AUTHORITY), "names another host"),
        (issue(HOST, OTHER_AUTHORITY), "not signed by a trusted CA"),
        (issue(HOST), "not signed by a trusted CA"),
        (issue(HOST, AUTHORITY, days=(-9, -2)), "has expired"),
        (issue(HOST, AUTHORITY, days=(2, 9)), "not in force yet"),
    ],
)
def test_each_wrong_certificate_is_told_apart(identity: Identity, message: str) -> None:
    """One reason for all, with the cause and its own hint."""
    with grpc_server(statuses={"plugin": "SERVING"}, credentials=server_credentials(identity)) as port:
        result = probe(port, TRUSTING)
    assert (result.outcome, result.probe, result.reason.code) == ("unreachable", "tcp", "tls_certificate_invalid")
    assert message in result.message
    assert result.hint != result.reason.hint


def test_public_authorities_do_not_vouch_for_a_private_one() -> None:
    """Without a configured CA, the public ones count."""
    with grpc_server(statuses={"plugin": "SERVING"}, credentials=server_credentials(GOOD)) as port:
        assert probe(port, TlsSettings(), deadline_seconds=3).reason.code == "tls_certificate_invalid"


def test_mutual_tls_needs_the_right_client_certificate() -> None:
    """With it the plugin answers; without it, or with one of another CA, the peer hangs up and the reason says why."""
    credentials = server_credentials(GOOD, client_authority=AUTHORITY)
    with grpc_server(statuses={"plugin": "SERVING"}, credentials=credentials) as port:
        assert probe(port, mutual(CLIENT)).outcome == "healthy"
        for settings in (TRUSTING, mutual(issue("client", OTHER_AUTHORITY))):
            assert probe(port, settings).reason.code == "tls_client_certificate_refused"


def test_plain_text_to_a_tls_server_asks_for_tls() -> None:
    """The peer hangs up on plain text, and a handshake shows why."""
    for credentials in (server_credentials(GOOD), server_credentials(GOOD, client_authority=AUTHORITY)):
        with grpc_server(statuses={"plugin": "SERVING"}, credentials=credentials) as port:
            result = probe(port, None, deadline_seconds=3)
        assert (result.outcome, result.reason.code) == ("unreachable", "tls_required")


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (silent, "deadline_exceeded"),
        (says(b""), "tls_handshake_failed"),
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "tls_not_offered"),
        (says(b"\x15\x03\x03\x00\x02\x02\x28"), "tls_handshake_failed"),
    ],
)
def test_tls_to_a_peer_that_does_not_speak_it(behaviour: Behaviour, code: str) -> None:
    """Silence, hanging up, other protocols and an alert differ."""
    with tcp_server(behaviour) as port:
        result = probe(port, TRUSTING)
    assert (result.outcome, result.reason.code) == ("unreachable", code)


def test_tls_to_a_plain_grpc_server() -> None:
    """The check was configured with TLS, the plugin without."""
    with grpc_server(statuses={"plugin": "SERVING"}) as port:
        assert probe(port, TRUSTING).reason.code == "tls_not_offered"


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def context(request: pytest.FixtureRequest, tmp_path: Path) -> ssl.SSLContext:
    """OpenSSL instead of gRPC's own TLS, of one version."""
    (tmp_path / "certificate.pem").write_bytes(GOOD.certificate_pem)
    (tmp_path / "key.pem").write_bytes(GOOD.key_pem)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = made.maximum_version = request.param
    made.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    return made


def tls(context: ssl.SSLContext) -> Behaviour:
    """Shake hands, read once, say nothing."""

    def behave(connection: socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(65536)
            time.sleep(0.1)

    return behave


def test_a_tls_server_without_http2_is_not_grpc(context: ssl.SSLContext) -> None:
    """A gRPC connection needs ALPN h2; a web server on 443 without it is no plugin."""
    with tcp_server(tls(context)) as port:
        assert probe(port, TRUSTING).reason.code == "not_grpc"


def test_openssl_servers_refuse_clients_in_their_own_words(context: ssl.SSLContext) -> None:
    """A client certificate of another CA is refused by alert in TLS 1.2 and after the handshake in 1.3."""
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=AUTHORITY.certificate_pem.decode())
    context.set_alpn_protocols(["h2"])
    with tcp_server(tls(context)) as port:
        result = probe(port, mutual(issue("client", OTHER_AUTHORITY)))
    assert result.reason.code == "tls_client_certificate_refused"


@pytest.mark.parametrize(
    "settings",
    [
        TlsSettings(root_certificates=b"no PEM"),
        TlsSettings(AUTHORITY.certificate_pem, b"no PEM", b"no PEM either"),
        TlsSettings(AUTHORITY.certificate_pem, CLIENT.certificate_pem, GOOD.key_pem),
    ],
)
def test_broken_settings_are_ours_not_the_plugins(settings: TlsSettings) -> None:
    """Texts that are no certificates, and a key of another certificate, say nothing about the plugin."""
    with grpc_server(statuses={"plugin": "SERVING"}, credentials=server_credentials(GOOD)) as port:
        result = probe(port, settings)
    assert (result.outcome, result.reason.code, result.is_reachable) == ("unknown", "tls_settings_invalid", None)


def test_a_private_key_is_never_shown() -> None:
    """Settings can be logged without giving the key away."""
    assert "PRIVATE KEY" not in repr(mutual(CLIENT))
