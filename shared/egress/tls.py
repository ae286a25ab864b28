"""TLS contexts: always verified, TLS 1.2 or newer, one CA bundle a host."""

import ssl
from pathlib import Path

from shared.egress.reasons import CA_BUNDLE_INVALID
from shared.errors import Refused

_PEM_MARK = "-----BEGIN CERTIFICATE-----"


def build_tls_context(bundle: str, *, peer: str) -> ssl.SSLContext:
    """Make a context that trusts this bundle and nothing else.

    Args:
        bundle: path of a PEM file, or PEM text.
        peer: the host that it is for, for the message.

    Raises:
        Refused: `ca_bundle_invalid`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        text = bundle if _PEM_MARK in bundle else Path(bundle).read_text(encoding="utf-8")
        context.load_verify_locations(cadata=text)
    except (OSError, ValueError) as error:  # of them: ssl.SSLError, UnicodeDecodeError
        raise Refused(CA_BUNDLE_INVALID, f"{peer}: {type(error).__name__}") from error
    return context
