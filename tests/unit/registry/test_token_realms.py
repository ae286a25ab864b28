"""Who is a relative of a registry, and who only looks like one."""

import pytest

from shared.egress.origins import parse_authority
from shared.registry.token_realms import may_get_credential, parse_realm


@pytest.mark.parametrize(
    ("registry", "realm", "accepted"),
    [
        ("registry-1.docker.io", "https://auth.docker.io/token", True),
        ("ghcr.io", "https://ghcr.io/token", True),
        ("quay.io", "https://quay.io/v2/auth", True),
        ("registry.gitlab.com", "https://gitlab.com/jwt/auth", True),
        ("harbor.corp.example.com", "https://harbor.corp.example.com/service/token", True),
        ("localhost:5000", "https://localhost:5001/auth", True),
        ("10.0.0.5:5000", "https://10.0.0.5:5001/auth", True),
        ("10.0.0.5:5000", "https://10.0.0.6/auth", False),
        ("[2001:db8::5]:5000", "https://[2001:db8::6]/auth", False),
        ("registry.example.com", "http://auth.example.com/token", False),
        ("registry.example.com", "https://example.com.evil.org/token", False),
        ("registry.example.com", "https://evilexample.com/token", False),
        ("registry.example.com", "https://auth.example.org/token", False),
        ("registry.acme.co.uk", "https://auth.acme.co.uk/token", True),
        ("registry.acme.co.uk", "https://auth.evil.co.uk/token", False),
        ("registry.acme.com.au", "https://auth.evil.com.au/token", False),
        ("mine.azurecr.io", "https://theirs.azurecr.io/token", False),
        ("1.dkr.ecr.us-east-1.amazonaws.com", "https://x.s3.us-east-1.amazonaws.com/t", False),
        ("registry.com", "https://auth.com/token", False),
        ("a.io", "https://b.io/", False),
    ],
)
def test_only_relatives_may_get_the_credential(registry: str, realm: str, *, accepted: bool) -> None:
    """The same host or organisation; strangers under a shared suffix are none."""
    assert may_get_credential(parse_realm(realm), parse_authority(registry), ()) is accepted


def test_a_registry_in_clear_may_have_its_token_service_in_clear() -> None:
    """For development: who listed the registry as insecure has decided that."""
    realm = parse_realm("http://localhost:5001/auth")
    assert may_get_credential(realm, parse_authority("localhost:5000", "http"), ())


def test_a_listed_host_counts_with_its_port() -> None:
    """The list names exactly who may get it."""
    registry = parse_authority("registry.example.com")
    assert may_get_credential(parse_realm("https://idp.org/t"), registry, {"idp.org"})
    assert not may_get_credential(parse_realm("https://idp.org:8443/t"), registry, {"idp.org"})
    assert may_get_credential(parse_realm("https://idp.org:8443/t"), registry, {"idp.org:8443"})
    assert not may_get_credential(parse_realm("http://idp.org/t"), registry, {"idp.org"})
