"""Passwords for Amazon ECR by IAM: the role of the function, nothing stored."""

import base64
import binascii
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from shared.aws import aws_errors, client
from shared.credentials.ecr import ECR_USER, EcrRegistry
from shared.credentials.reasons import SECRET_INVALID
from shared.credentials.secret import Secret
from shared.errors import Refused

EARLY_SECONDS: Final = 300.0
"""A password lives 12 hours (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_AuthorizationData.html);
it is replaced this much earlier, so that none ends in the middle of a pull."""


class MakeClient(Protocol):
    """Makes an AWS client: `shared.aws.client`."""

    def __call__(self, service: str, **options: Any) -> Any:
        """Give a client with these `botocore` options."""


class AwsEcr:
    """Implements `EcrTokens`: one client a region, one password a registry."""

    def __init__(self, *, make_client: MakeClient = client, clock: Callable[[], float] = time.time) -> None:
        """Take how clients are made and the wall clock; call nothing."""
        self._make_client = make_client
        self._clock = clock
        self._clients: dict[tuple[str, bool], Any] = {}
        self._remembered: dict[EcrRegistry, tuple[float, Secret]] = {}

    def fetch_password(self, registry: EcrRegistry, *, refresh: bool = False) -> Secret:
        """Give the password of the user `AWS`; see `EcrTokens.fetch_password`."""
        known = self._remembered.get(registry)
        if known is not None and not refresh and self._clock() < known[0]:
            return known[1]
        with aws_errors("ecr:GetAuthorizationToken"):
            answer = self._client(registry).get_authorization_token(registryIds=[registry.account])
        data = answer["authorizationData"][0]
        password = _password_of(data["authorizationToken"])
        self._remembered[registry] = (data["expiresAt"].timestamp() - EARLY_SECONDS, password)
        return password

    def _client(self, registry: EcrRegistry) -> Any:
        key = (registry.region, registry.fips)
        if key not in self._clients:
            options = {"use_fips_endpoint": True} if registry.fips else {}
            self._clients[key] = self._make_client("ecr", region_name=registry.region, **options)
        return self._clients[key]


def _password_of(token: str) -> Secret:
    try:
        user, mark, password = base64.b64decode(token, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refused(SECRET_INVALID, "ECR's authorization token can't be read") from None
    if user != ECR_USER or not mark or not password:
        raise Refused(SECRET_INVALID, "ECR's authorization token can't be read")
    return Secret(password)
