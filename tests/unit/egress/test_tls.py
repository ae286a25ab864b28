"""TLS contexts."""

import ssl
from pathlib import Path

import certifi
import pytest

from shared.egress.tls import build_tls_context
from shared.errors import Refused


def test_context_verifies() -> None:
    """A context asks for a certificate, checks the name, and speaks TLS 1.2 or newer."""
    context = build_tls_context(certifi.where(), peer="a.example")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_text_is_as_good_as_a_path() -> None:
    """The PEM text itself gives the same trust as the file."""
    text = Path(certifi.where()).read_text(encoding="utf-8")
    by_text = build_tls_context(text, peer="a.example").cert_store_stats()
    assert by_text == build_tls_context(certifi.where(), peer="a.example").cert_store_stats()


@pytest.mark.parametrize("text", ["not PEM", "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_unusable_bundle(tmp_path: Path, text: str) -> None:
    """A file without a certificate is refused by name, and so is a missing one."""
    bundle = tmp_path / "ca.pem"
    bundle.write_text(text)
    for source in (str(bundle), str(tmp_path / "missing.pem")):
        with pytest.raises(Refused, match=r"ca_bundle_invalid: a\.example"):
            build_tls_context(source, peer="a.example")
