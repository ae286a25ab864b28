"""Secrets Manager, Parameter Store and ECR through their adapters."""

import base64
import datetime as dt
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from shared.credentials import EcrRegistry, SecretSource
from shared.credentials.aws_ecr import AwsEcr, MakeClient
from shared.credentials.aws_secrets import AwsSecrets
from shared.credentials.ports import EcrTokens
from shared.errors import NotFound, Refused, Transient

REGION = "eu-west-1"
REGISTRY = EcrRegistry("123456789012", REGION, fips=False)


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: float = 1000.0) -> None:
        """Begin at a time."""
        self.now = now

    def __call__(self) -> float:
        """Give the time."""
        return self.now


class FakeEcrService:
    """Answers GetAuthorizationToken; each answer holds another password."""

    def __init__(self, clock: Clock, token: str = "AWS:password-{}", error: Exception | None = None) -> None:
        """Keep what to answer."""
        self._clock = clock
        self._token = token
        self._error = error
        self.calls: list[list[str]] = []

    def get_authorization_token(self, *, registryIds: list[str]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """Answer, or raise."""
        self.calls.append(registryIds)
        if self._error is not None:
            raise self._error
        token = base64.b64encode(self._token.format(len(self.calls)).encode()).decode()
        expires_at = dt.datetime.fromtimestamp(self._clock() + 43_200, dt.UTC)
        return {"authorizationData": [{"authorizationToken": token, "expiresAt": expires_at}]}


class FailingService:
    """Raises on every call."""

    def __init__(self, error: Exception) -> None:
        """Keep the error."""
        self._error = error

    def get_secret_value(self, **_: Any) -> dict[str, Any]:
        """Raise."""
        raise self._error


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give AWS in memory."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def make_client(service: str, **_: Any) -> Any:
    """Make a client of the one region here."""
    clients: dict[str, Any] = {"secretsmanager": boto3.client, "ssm": boto3.client}
    return clients[service](service, region_name=REGION)


def always(made: Any) -> MakeClient:
    """Give a maker of clients that gives this one."""

    def make(service: str, **options: Any) -> Any:  # noqa: ARG001 - the port's signature
        return made

    return make


@pytest.mark.usefixtures("aws")
def test_secrets_and_parameters_are_read() -> None:
    """Secrets come by name and by ARN, secure parameters decrypted."""
    arn = make_client("secretsmanager").create_secret(Name="pull", SecretString="s")["ARN"]
    make_client("ssm").put_parameter(Name="/pull", Value="p", Type="SecureString")
    source: SecretSource = AwsSecrets(make_client=make_client)
    assert source.fetch("secretsmanager", "pull").reveal() == "s"
    assert source.fetch("secretsmanager", arn).reveal() == "s"
    assert source.fetch("ssm", "/pull").reveal() == "p"


@pytest.mark.usefixtures("aws")
def test_rotated_secret_is_seen_in_time() -> None:
    """What is remembered ends with its age, and at once on request."""
    service, clock = make_client("secretsmanager"), Clock()
    service.create_secret(Name="pull", SecretString="old")
    source = AwsSecrets(make_client=make_client, max_age_seconds=60, clock=clock)
    assert source.fetch("secretsmanager", "pull").reveal() == "old"
    service.put_secret_value(SecretId="pull", SecretString="new")
    clock.now += 59
    assert source.fetch("secretsmanager", "pull").reveal() == "old"
    assert source.fetch("secretsmanager", "pull", refresh=True).reveal() == "new"
    service.put_secret_value(SecretId="pull", SecretString="newest")
    clock.now += 60
    assert source.fetch("secretsmanager", "pull").reveal() == "newest"


@pytest.mark.usefixtures("aws")
def test_what_is_not_there_or_not_text() -> None:
    """Missing secrets and parameters are not found; a binary secret is refused."""
    make_client("secretsmanager").create_secret(Name="binary", SecretBinary=b"\xff")
    source = AwsSecrets(make_client=make_client)
    with pytest.raises(NotFound, match="secret_not_found: secretsmanager has no nope"):
        source.fetch("secretsmanager", "nope")
    with pytest.raises(NotFound, match="secret_not_found"):
        source.fetch("ssm", "/nope")
    with pytest.raises(Refused, match="secret_invalid"):
        source.fetch("secretsmanager", "binary")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue"), Transient),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue"), Transient),
        (ClientError({"Error": {"Code": "InvalidRequestException"}}, "GetSecretValue"), Refused),
        (EndpointConnectionError(endpoint_url="https://x"), Transient),
    ],
)
def test_foreign_errors_are_mapped(error: Exception, kind: type[Exception]) -> None:
    """Throttling and the network are transient, a missing permission is not."""
    source = AwsSecrets(make_client=lambda _service: FailingService(error))
    with pytest.raises(kind):
        source.fetch("secretsmanager", "pull")


def test_clients_are_made_on_demand() -> None:
    """Building the adapters calls nothing."""
    made: list[str] = []

    def remember(service: str, **_: Any) -> Any:
        made.append(service)

    AwsSecrets(make_client=remember)
    AwsEcr(make_client=remember)
    assert made == []


def test_ecr_password_lives_until_shortly_before_its_end() -> None:
    """One password serves every pull until five minutes before it expires, or until a registry refuses it."""
    clock = Clock()
    service = FakeEcrService(clock)
    ecr: EcrTokens = AwsEcr(make_client=always(service), clock=clock)
    assert ecr.fetch_password(REGISTRY).reveal() == "password-1"
    clock.now += 43_200 - 301
    assert ecr.fetch_password(REGISTRY).reveal() == "password-1"
    clock.now += 2
    assert ecr.fetch_password(REGISTRY).reveal() == "password-2"
    assert ecr.fetch_password(REGISTRY, refresh=True).reveal() == "password-3"
    assert service.calls == [["123456789012"]] * 3


def test_ecr_client_is_of_the_registrys_region() -> None:
    """Each region has a client of its own; a FIPS host asks the FIPS endpoint."""
    made: list[tuple[str, dict[str, Any]]] = []

    def make(service: str, **options: Any) -> Any:
        made.append((service, options))
        return FakeEcrService(Clock())

    ecr = AwsEcr(make_client=make, clock=Clock())
    ecr.fetch_password(REGISTRY)
    ecr.fetch_password(REGISTRY._replace(account="210987654321"))
    ecr.fetch_password(EcrRegistry("123456789012", "us-gov-west-1", fips=True))
    assert made == [
        ("ecr", {"region_name": REGION}),
        ("ecr", {"region_name": "us-gov-west-1", "use_fips_endpoint": True}),
    ]


@pytest.mark.parametrize("token", ["no colon {}", "OTHER:x{}", "AWS:"])
def test_odd_ecr_answer(token: str) -> None:
    """An answer of another shape is refused without repeating it."""
    clock = Clock()
    ecr = AwsEcr(make_client=always(FakeEcrService(clock, token)), clock=clock)
    with pytest.raises(Refused, match="secret_invalid"):
        ecr.fetch_password(REGISTRY)


def test_ecr_errors_are_mapped() -> None:
    """A role that may not ask is this deployment's fault: nothing is rejected for it."""
    error = ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAuthorizationToken")
    ecr = AwsEcr(make_client=always(FakeEcrService(Clock(), error=error)))
    with pytest.raises(Transient, match="aws_denied: ecr:GetAuthorizationToken: AccessDeniedException"):
        ecr.fetch_password(REGISTRY)
