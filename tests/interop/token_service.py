"""A token service as registries have them: Basic in, a signed JWT out.

https://distribution.github.io/distribution/spec/auth/token/ and https://distribution.github.io/distribution/spec/auth/jwt/
"""

import base64
import datetime as dt
import json
import threading
import time
import uuid
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from local.registry import TokenAuthentication

ISSUER = "plugport-interop"
SERVICE = "plugport-registry"
USERNAME = "plugport"
PASSWORD = "token-service-password"
_LIFETIME_SECONDS = 300
_P256_BYTES = 32


class TokenService:
    """Serves on a free loopback port while it is entered.

    Attributes:
        scopes: what was asked for, in order; "" where nothing was.
    """

    def __init__(self) -> None:
        self.scopes: list[str] = []
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _self_signed(self._key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        """`host:port`; another name than the registry's, so that a client must decide whether to trust it."""
        return f"localhost:{self._server.server_address[1]}"

    @property
    def authentication(self) -> TokenAuthentication:
        """What a registry must know to believe this service."""
        return TokenAuthentication(
            realm=f"http://{self.host}/token",
            service=SERVICE,
            issuer=ISSUER,
            certificates=self._certificate.public_bytes(serialization.Encoding.PEM).decode(),
            username=USERNAME,
            password=PASSWORD,
        )

    def answer(self, query: dict[str, list[str]], authorization: str) -> tuple[HTTPStatus, dict[str, Any]]:
        """Give status and body: what was asked for to the user, nothing to the anonymous, 401 to anybody else."""
        scopes = query.get("scope", [])
        self.scopes.append(" ".join(scopes))
        if authorization not in {"", _basic(USERNAME, PASSWORD)}:
            return HTTPStatus.UNAUTHORIZED, {"errors": [{"code": "UNAUTHORIZED"}]}
        token = self._token(scopes if authorization else [])
        return HTTPStatus.OK, {"token": token, "access_token": token, "expires_in": _LIFETIME_SECONDS}

    def _token(self, scopes: Sequence[str]) -> str:
        now = int(time.time())
        certificate = self._certificate.public_bytes(serialization.Encoding.DER)
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(certificate).decode()]}
        claims = {
            "iss": ISSUER,
            "sub": USERNAME,
            "aud": SERVICE,
            "iat": now,
            "nbf": now - 10,
            "exp": now + _LIFETIME_SECONDS,
            "jti": str(uuid.uuid4()),
            "access": [_access(scope) for scope in scopes],
        }
        signed = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encoded(r.to_bytes(_P256_BYTES) + s.to_bytes(_P256_BYTES))}"


def _handler(service: TokenService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = service.answer(
                parse_qs(urlsplit(self.path).query), self.headers.get("Authorization", "")
            )
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's signature
            """Say nothing."""

    return Handler


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)])
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )


def _access(scope: str) -> dict[str, Any]:
    """Read `repository:plugins/p:pull,push`."""
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
