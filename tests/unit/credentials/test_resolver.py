"""Which credential goes to which registry, and to nobody else."""

from collections.abc import Mapping

import pytest

from shared.credentials import Credential, EcrTokens, SecretSource, resolve_credential
from shared.egress import Origin, parse_authority
from shared.egress.origins import Scheme
from shared.errors import NotFound, Refused
from tests.unit.credentials.fakes import FakeEcr, FakeSecrets


def resolved(
    registry: str,
    environment: Mapping[str, str],
    *,
    auth: str | None = None,
    secrets: SecretSource | None = None,
    ecr: EcrTokens | None = None,
    scheme: Scheme = "https",
    refresh: bool = False,
) -> Credential:
    """Resolve with variables written without their prefix (a leading `=` keeps a name as it is)."""
    prefixed = {
        name[1:] if name.startswith("=") else f"OCI_PLUGINS_REGISTRY_{name}": value
        for name, value in environment.items()
    }
    return resolve_credential(
        registry,
        environment=prefixed,
        runtime="edge",
        auth_parameter=auth,
        secrets=secrets,
        ecr=ecr,
        scheme=scheme,
        refresh=refresh,
    )


def told(credential: Credential) -> tuple[str, str, str]:
    """Give kind, user and value."""
    return credential.kind, credential.username, credential.secret.reveal() if credential.secret else ""


def refusal(registry: str, environment: Mapping[str, str], *, auth: str | None = None) -> str:
    """Give the reason of a refusal."""
    with pytest.raises(Refused) as caught:
        resolved(registry, environment, auth=auth)
    assert "s3cret" not in str(caught.value)
    return caught.value.reason.code


@pytest.mark.parametrize(
    ("registry", "name"),
    [
        ("docker.tyk.io", "DOCKER_TYK_IO"),
        ("GHCR.io", "GHCR_IO"),
        ("localhost:5000", "LOCALHOST_5000"),
        ("registry.example.com:8443", "REGISTRY_EXAMPLE_COM_8443"),
        ("ghcr.io:443", "GHCR_IO"),
        ("ghcr.io", "GHCR_IO_443"),
        ("my-registry.example.com", "MY_REGISTRY_EXAMPLE_COM"),
        ("my-registry.example.com", "MY-REGISTRY_EXAMPLE_COM"),
        ("europe-west1-docker.pkg.dev", "EUROPE_WEST1_DOCKER_PKG_DEV"),
        ("my-registry:5000", "MY_REGISTRY_5000"),
        ("my-registry.io", "MY-REGISTRY_IO"),
        ("10.0.0.1:5000", "10_0_0_1_5000"),
        ("[::1]:5000", "__1_5000"),
    ],
)
def test_names_of_registries(registry: str, name: str) -> None:
    """A registry's own name: upper case, underscores for dots, the port after it."""
    assert told(resolved(registry, {f"{name}_TOKEN": "t"})) == ("bearer", "", "t")


@pytest.mark.parametrize(
    ("registry", "name"),
    [
        ("docker-tyk.io", "DOCKER_TYK_IO"),
        ("docker_tyk.io", "DOCKER_TYK_IO"),
        ("my-registry.com", "MY_REGISTRY_COM"),
        ("a-b.co.uk", "A_B_CO_UK"),
        ("ghcr.io.evil.example", "GHCR_IO"),
        ("evil.ghcr.io", "GHCR_IO"),
        ("ghcr.io:5000", "GHCR_IO"),
        ("ghcr.io", "GHCR_IO_5000"),
        ("ghcr.io", "ghcr_io"),
        ("ghcr.i", "GHCR_IO"),
        ("ghcr.io.", "GHCR_IO_"),
    ],
)
def test_look_alikes_get_nothing(registry: str, name: str) -> None:
    """No other host is sent a credential: not a prefix, a suffix, another port, or a domain that is spelled alike."""
    assert told(resolved(registry, {f"{name}_ENTITLEMENT": "s3cret"})) == ("anonymous", "", "")


def test_host_field_binds_a_name() -> None:
    """HOST gives a name to the registry that it spells out, and takes it from every other."""
    environment = {"CORP_HOST": "docker-tyk.io:8443", "CORP_TOKEN": "t"}
    assert told(resolved("docker-tyk.io:8443", environment)) == ("bearer", "", "t")
    assert told(resolved("docker-tyk.io", environment)) == ("anonymous", "", "")
    taken = {"GHCR_IO_HOST": "mirror.example.com", "GHCR_IO_TOKEN": "t"}
    assert told(resolved("ghcr.io", taken)) == ("anonymous", "", "")
    assert told(resolved("mirror.example.com", taken)) == ("bearer", "", "t")


def test_unreadable_host_field_gives_nobody_anything() -> None:
    """A HOST that is no host turns its own credential off and no other."""
    environment = {"GHCR_IO_HOST": "https://ghcr.io/", "GHCR_IO_TOKEN": "t", "QUAY_IO_TOKEN": "q"}
    assert told(resolved("ghcr.io", environment)) == ("anonymous", "", "")
    assert told(resolved("quay.io", environment)) == ("bearer", "", "q")


def test_two_names_for_one_registry_are_refused() -> None:
    """Two credentials that claim one registry are an error, not a choice."""
    environment = {"A_HOST": "r.example.com", "A_TOKEN": "a", "B_HOST": "r.example.com", "B_TOKEN": "b"}
    assert refusal("r.example.com", environment) == "credential_invalid"


@pytest.mark.parametrize(
    "environment",
    [
        {"R_IO_TOKEN": ""},
        {"R_IO_TOKEN": " \n"},
        {"R_IO_ENTITLEMENT": "", "R_IO_TOKEN": "s3cret"},
        {"R_IO_TOKENENV": "NOPE", "R_IO_TOKEN": "s3cret"},
        {"R_IO_TOKENENV": "", "R_IO_TOKEN": "s3cret"},
        {"R_IO_USERNAME": "u", "R_IO_PASSWORDENV": "s3cret"},
        {"R_IO_USERNAME": "u", "R_IO_PASSWORD": ""},
        {"R_IO_ENTITLEMENTENV": "NOPE"},
    ],
)
def test_empty_secret_is_an_error(environment: Mapping[str, str]) -> None:
    """A secret that is configured and empty is never anonymous access."""
    assert refusal("r.io", environment) == "credential_env_empty"


@pytest.mark.parametrize(
    "environment",
    [
        {"R_IO_USERNAME": "u"},
        {"R_IO_ENTITLEMENTUSERNAME": "u"},
        {"R_IO_PASSWORD": "s3cret"},
        {"R_IO_USERNAME": "", "R_IO_PASSWORD": "s3cret"},
    ],
)
def test_half_a_credential_is_an_error(environment: Mapping[str, str]) -> None:
    """A user name without secret, and a password without user, are incomplete."""
    assert refusal("r.io", environment) == "credential_incomplete"


@pytest.mark.parametrize(
    "environment",
    [
        {"R_IO_TOKEN": "s3cret\r\nX: 1"},
        {"R_IO_TOKEN": "s3cret s3cret"},
        {"R_IO_TOKEN": "s3cret\N{LATIN SMALL LETTER A WITH DIAERESIS}"},
        {"R_IO_TOKEN": "s3cret" * 10_000},
        {"R_IO_USERNAME": "a:b", "R_IO_PASSWORD": "s3cret"},
        {"R_IO_USERNAME": "a\n", "R_IO_PASSWORD": "s3cret"},
        {"R_IO_USERNAME": "a", "R_IO_PASSWORD": "s3cret\0"},
        {"R_IO_USERNAME": "a", "R_IO_PASSWORD": "s3cret\udcff"},
        {"R_IO_USERNAME": "a\udcff", "R_IO_PASSWORD": "s3cret"},
    ],
)
def test_what_no_header_can_hold_is_an_error(environment: Mapping[str, str]) -> None:
    """Line breaks, control characters, colons in user names and undecodable bytes are refused."""
    assert refusal("r.io", environment) == "credential_invalid"


def test_line_break_at_the_end_is_cut_off() -> None:
    """Secrets that were read from files end with a line break; it is no part of them."""
    assert told(resolved("r.io", {"R_IO_TOKEN": "t\r\n"})) == ("bearer", "", "t")


def test_older_spelling_with_underscore() -> None:
    """PASSWORD_ENV and TOKEN_ENV mean what PASSWORDENV and TOKENENV mean."""
    environment = {"R_IO_USERNAME": "u", "R_IO_PASSWORD_ENV": "PW", "=PW": "p"}
    assert told(resolved("r.io", environment)) == ("basic", "u", "p")


def test_values_that_refer_to_a_store() -> None:
    """A value may be elsewhere: whole secrets, members of JSON secrets, parameters; also behind an …ENV field."""
    secrets = FakeSecrets({("secretsmanager", "pull"): '{"token": "t"}', ("ssm", "/pull"): "p"})
    by_key = {"R_IO_TOKEN": "secretsmanager:pull#token"}
    assert told(resolved("r.io", by_key, secrets=secrets)) == ("bearer", "", "t")
    by_parameter = {"R_IO_USERNAME": "u", "R_IO_PASSWORDENV": "PW", "=PW": "ssm:/pull"}
    assert told(resolved("r.io", by_parameter, secrets=secrets, refresh=True)) == ("basic", "u", "p")
    assert secrets.asked == [("secretsmanager", "pull", False), ("ssm", "/pull", True)]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("secretsmanager:", "secret_invalid"),
        ("secretsmanager:pull#", "secret_invalid"),
        ("ssm:/", "secret_invalid"),
        ("ssm:/pull#key", "secret_invalid"),
        ("secretsmanager:text#key", "secret_invalid"),
        ("secretsmanager:list#key", "secret_invalid"),
        ("secretsmanager:pull#missing", "secret_not_found"),
        ("secretsmanager:missing", "secret_not_found"),
        ("secretsmanager:empty", "credential_env_empty"),
    ],
)
def test_references_that_lead_nowhere(value: str, code: str) -> None:
    """A reference that can't be followed is an error that does not repeat the secret."""
    secrets = FakeSecrets(
        {
            ("secretsmanager", "pull"): '{"token": "s3cret"}',
            ("secretsmanager", "text"): "s3cret",
            ("secretsmanager", "list"): '["s3cret"]',
            ("secretsmanager", "empty"): "",
        }
    )
    with pytest.raises(Refused) as caught:
        resolved("r.io", {"R_IO_TOKEN": value}, secrets=secrets)
    assert caught.value.reason.code == code
    assert "s3cret" not in str(caught.value)
    assert isinstance(caught.value, NotFound) is (code == "secret_not_found")


def test_reference_without_a_store() -> None:
    """Where no store can be read, a reference is an error."""
    assert refusal("r.io", {"R_IO_TOKEN": "ssm:/pull"}) == "secret_store_not_available"


def test_ecr_by_role() -> None:
    """An ECR host that nothing is configured for gets the role's password; configuration wins; other hosts never."""
    ecr = FakeEcr()
    host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    assert told(resolved(host, {}, ecr=ecr, refresh=True)) == ("basic", "AWS", "ecr-password")
    assert [(asked.account, asked.region, refresh) for asked, refresh in ecr.asked] == [
        ("123456789012", "eu-west-1", True)
    ]
    name = host.upper().replace(".", "_")
    assert told(resolved(host, {f"{name}_TOKEN": "t"}, ecr=ecr))[2] == "t"
    for other in ("public.ecr.aws", f"{host}.evil.example", "ghcr.io"):
        assert resolved(other, {}, ecr=ecr).kind == "anonymous"
    assert resolved(host, {}, ecr=ecr, scheme="http").kind == "anonymous"
    assert resolved(host, {}).kind == "anonymous"
    assert len(ecr.asked) == 1


def test_credential_is_bound_to_scheme_host_and_port() -> None:
    """Headers are made for the credential's own origin alone."""
    credential = resolved("docker.tyk.io", {"DOCKER_TYK_IO_ENTITLEMENT": "e"})
    assert credential.origin == Origin("https", "docker.tyk.io", 443)
    header = credential.preemptive_header(parse_authority("docker.tyk.io"))
    assert header is not None
    assert header.reveal() == "Basic dG9rZW46ZQ=="
    for other in (Origin("http", "docker.tyk.io", 443), Origin("https", "docker.tyk.io", 444), parse_authority("x.io")):
        assert credential.preemptive_header(other) is None
        assert credential.basic_header(other) is None


def test_only_an_entitlement_goes_without_challenge() -> None:
    """User name and password wait for the challenge; UTF-8 before base64."""
    basic = resolved("r.io", {"R_IO_USERNAME": "u", "R_IO_PASSWORD": "p\N{LATIN SMALL LETTER A WITH DIAERESIS}"})
    assert not basic.preemptive
    assert basic.preemptive_header(basic.origin) is None
    header = basic.basic_header(basic.origin)
    assert header is not None
    assert header.reveal() == "Basic dTpww6Q="
    bearer = resolved("r.io", {"R_IO_TOKEN": "t"})
    assert bearer.basic_header(bearer.origin) is None


def test_studio_without_cache_directory_has_no_oci() -> None:
    """The studio's switch turns credentials off with the rest of OCI."""
    with pytest.raises(Refused, match="oci_disabled"):
        resolve_credential("r.io", environment={}, runtime="studio", auth_parameter=None, secrets=None)


def test_registry_that_is_no_host() -> None:
    """What is no registry has no credential."""
    assert refusal("r.io/x", {}) == "invalid_url"
