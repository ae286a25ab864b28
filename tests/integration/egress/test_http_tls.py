"""TLS through judged sockets: always verified, against the name of the URL."""

import time
from pathlib import Path

import pytest
import requests

from shared.egress import build_session
from shared.errors import Refused, Transient
from tests.integration.egress.servers import http_server, raw_server
from tests.integration.egress.test_http import LOOPBACK, NAME, refused, silent
from tests.integration.health.certificates import Identity, issue
from tests.unit.egress.fakes import FakePolicy

pytestmark = pytest.mark.enable_socket

AUTHORITY = issue("authority", is_authority=True)
GOOD = issue(NAME, AUTHORITY)


def trusting(authority: Identity = AUTHORITY) -> requests.Session:
    """Make a session that trusts an authority for the name here."""
    bundles = {NAME: authority.certificate_pem.decode()}
    return build_session(policy=FakePolicy(), resolver=LOOPBACK, ca_bundles=bundles)


def test_tls_proves_the_name_of_the_url() -> None:
    """SNI and the certificate's name are the URL's host although the socket goes to an address."""
    with http_server(identity=GOOD) as server:
        response = trusting().get(f"https://{NAME}:{server.port}/")
        assert response.content == b"hello"
        assert server.names == [NAME]
        assert server.seen[0].headers["Host"] == f"{NAME}:{server.port}"


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        (issue("other.example", AUTHORITY), "Hostname mismatch"),
        (issue("127.0.0.1", AUTHORITY), "Hostname mismatch"),
        (issue(NAME, AUTHORITY, days=(-9, -2)), "expired"),
        (issue(NAME), "self-signed"),
        (issue(NAME, issue("another authority", is_authority=True)), "issuer"),
    ],
)
def test_wrong_certificate_is_refused(identity: Identity, words: str) -> None:
    """Another name, another issuer, no issuer or a past date end the connection, whatever the caller asks for."""
    with http_server(identity=identity) as server:
        session = trusting()
        session.verify = False
        with pytest.raises(Refused, match="tls_verification_failed") as caught:
            session.get(f"https://{NAME}:{server.port}/", verify=False)
        assert words in caught.value.message
    assert server.seen == []


def test_bundle_of_one_host_is_no_bundle_of_another() -> None:
    """An authority that is configured for one host proves nothing for the next."""
    identity = issue("other.example", AUTHORITY)
    with http_server(identity=identity) as server:
        error = refused(trusting(), f"https://other.example:{server.port}/")
        assert error.reason.code == "tls_verification_failed"


def test_bundle_by_port_comes_first(tmp_path: Path) -> None:
    """A bundle for host and port wins over the host's, and may be a file."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(AUTHORITY.certificate_pem)
    wrong = issue("wrong", is_authority=True).certificate_pem.decode()
    with http_server(identity=GOOD) as server:
        session = build_session(
            policy=FakePolicy(),
            resolver=LOOPBACK,
            ca_bundles={NAME: wrong, f"{NAME}:{server.port}": str(bundle)},
        )
        assert session.get(f"https://{NAME}:{server.port}/").status_code == 200


def test_plain_http_on_the_tls_port() -> None:
    """A server that speaks plain HTTP where TLS is due is refused, and nothing is sent to it again."""
    with http_server() as server:
        error = refused(trusting(), f"https://{NAME}:{server.port}/")
    assert (type(error), error.reason.code) == (Refused, "tls_handshake_failed")
    assert server.seen == []


def test_handshake_that_never_ends_is_cut_off() -> None:
    """A server that accepts and then says nothing costs the connect time-out."""
    with raw_server(silent) as server:
        session = build_session(
            policy=FakePolicy(),
            resolver=LOOPBACK,
            ca_bundles={NAME: AUTHORITY.certificate_pem.decode()},
            connect_timeout_seconds=0.3,
        )
        started = time.monotonic()
        error = refused(session, f"https://{NAME}:{server.port}/")
        assert time.monotonic() - started < 2
    assert isinstance(error, Transient)
