"""Certificates of the misbehaving registry, made at run time: good, expired, and by nobody we trust."""

import datetime as dt
import ssl
import tempfile
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY: Final = dt.timedelta(days=1)
TRUSTED: Final = "Test CA"
UNTRUSTED: Final = "Nobody's CA"
FAULTS: Final = ("self-signed", "expired", "not-yet-valid", "wrong-host")
#: Days from today, first and last.
_NOW: Final = (-30, 30)
_VALIDITY: Final = {"expired": (-30, -1), "not-yet-valid": (1, 30)}


class Authority(NamedTuple):
    """A certificate authority that lives as long as the process."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """Give the certificate for a client's trust store."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


@cache
def authority(name: str) -> Authority:
    """Make (once) the authority of that name."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, name, key, *_NOW)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return Authority(builder.sign(key, hashes.SHA256()), key)


@cache
def server_context(kind: str, names: tuple[str, ...]) -> ssl.SSLContext:
    """Give the server side of TLS for those names.

    Args:
        kind: `good`, or one of `FAULTS`.
        names: DNS names in the certificate.
    """
    if kind not in {"good", *FAULTS}:
        raise KeyError(f"TLS that is {kind} is not known")
    if kind == "wrong-host":
        names = ("elsewhere.example.org",)
    issuer = authority(UNTRUSTED if kind == "self-signed" else TRUSTED)
    key = ec.generate_private_key(ec.SECP256R1())
    valid_from, valid_to = _VALIDITY.get(kind, _NOW)
    builder = _builder(names[0], _common_name(issuer.certificate), key, valid_from, valid_to)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
    )
    certificate = builder.sign(issuer.key, hashes.SHA256())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context.load_cert_chain(path)
    return context


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, first_day: int, last_day: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + first_day * _DAY)
        .not_valid_after(now + last_day * _DAY)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
