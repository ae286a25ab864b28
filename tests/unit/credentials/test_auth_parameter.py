"""What a command's auth= may choose: a configured credential that is bound to the command's own registry."""

import pytest

from tests.unit.credentials.test_resolver import refusal, resolved, told


def test_auth_names_a_credential_that_is_bound() -> None:
    """auth= picks a named credential, if that is bound to this very registry."""
    environment = {"NEXUS_USERNAME": "u", "NEXUS_PASSWORD": "s3cret", "NEXUS_HOST": "nexus.example.com"}
    assert told(resolved("nexus.example.com", environment, auth="nexus")) == ("basic", "u", "s3cret")
    assert refusal("nexus.evil.example", environment, auth="nexus") == "auth_registry_mismatch"
    unbound = {"NEXUS_USERNAME": "u", "NEXUS_PASSWORD": "s3cret"}
    assert refusal("nexus.example.com", unbound, auth="nexus") == "auth_registry_mismatch"


def test_auth_picks_among_several_for_one_registry() -> None:
    """Two credentials may be bound to one registry if each command says which it means."""
    environment = {"A_HOST": "r.example.com", "A_TOKEN": "a", "B_HOST": "r.example.com", "B_TOKEN": "b"}
    assert told(resolved("r.example.com", environment, auth="b")) == ("bearer", "", "b")


def test_auth_with_the_registry_itself() -> None:
    """auth= with the registry's own name is the same as none, but must find something."""
    assert told(resolved("ghcr.io", {"GHCR_IO_TOKEN": "t"}, auth="GHCR.io")) == ("bearer", "", "t")
    assert told(resolved("localhost:5000", {"LOCALHOST_5000_TOKEN": "t"}, auth="localhost:5000"))[2] == "t"
    assert refusal("ghcr.io", {}, auth="ghcr.io") == "auth_config_not_found"
    assert refusal("ghcr.io", {"QUAY_IO_TOKEN": "t"}, auth="nexus") == "auth_config_not_found"


@pytest.mark.parametrize(
    "auth", ["env:AWS_SECRET_ACCESS_KEY", "file:/etc/passwd", "/etc/passwd", "ssm:/x", "a b", "a\n"]
)
def test_auth_is_a_name_and_nothing_else(auth: str) -> None:
    """A command can't point at variables, files or stores."""
    assert refusal("ghcr.io", {"GHCR_IO_TOKEN": "s3cret"}, auth=auth) == "auth_reference_not_allowed"


def test_empty_auth_is_none() -> None:
    """auth= without a value is no auth=."""
    assert told(resolved("ghcr.io", {"GHCR_IO_TOKEN": "t"}, auth="")) == ("bearer", "", "t")
