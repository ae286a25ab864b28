"""What `docker login` left behind."""

import base64
import json
from typing import Any

import pytest

from shared.credentials import resolve_docker_credential
from shared.errors import Refused


def packed(text: str) -> str:
    """Pack user and password as Docker does."""
    return base64.b64encode(text.encode()).decode()


def resolved(document: dict[str, Any], registry: str) -> tuple[str, str, str]:
    """Give kind, user and value of the credential."""
    credential = resolve_docker_credential(json.dumps(document).encode(), registry)
    return credential.kind, credential.username, credential.secret.reveal() if credential.secret else ""


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("docker.tyk.io", "docker.tyk.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("https://ghcr.io/v2/", "GHCR.io"),
        ("localhost:5000", "localhost:5000"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "registry-1.docker.io"),
    ],
)
def test_entries_by_host(key: str, registry: str) -> None:
    """Entries are found under a host or under a URL, and Docker Hub under each of its names."""
    document = {"auths": {"other.example": {"auth": packed("x:y")}, key: {"auth": packed("token:a:b")}}}
    assert resolved(document, registry) == ("basic", "token", "a:b")


@pytest.mark.parametrize("registry", ["ghcr.io", "tyk.io", "docker.tyk.io:5000", "docker.tyk.io.evil.example"])
def test_other_registries_are_anonymous(registry: str) -> None:
    """An entry is for its own host and port."""
    assert resolved({"auths": {"docker.tyk.io": {"auth": packed("u:p")}}}, registry) == ("anonymous", "", "")


def test_tokens_and_plain_fields() -> None:
    """Identity tokens, registry tokens and unpacked user names are understood."""
    identity = {"auth": packed("00000000:"), "identitytoken": "refresh"}
    assert resolved({"auths": {"r.io": identity}}, "r.io") == ("identity_token", "00000000", "refresh")
    assert resolved({"auths": {"r.io": {"registrytoken": "t"}}}, "r.io") == ("bearer", "", "t")
    assert resolved({"auths": {"r.io": {"username": "u", "password": "p"}}}, "r.io") == ("basic", "u", "p")


@pytest.mark.parametrize(
    "document",
    [
        {"credsStore": "desktop", "auths": {"r.io": {}}},
        {"credHelpers": {"r.io": "ecr-login"}},
        {"credHelpers": {"https://r.io": "gcr"}, "auths": {}},
    ],
)
def test_helpers_are_refused(document: dict[str, Any]) -> None:
    """A credential that a helper program keeps is refused with that reason; no program is run."""
    with pytest.raises(Refused, match=r"credential_helper_not_supported: r\.io"):
        resolved(document, "r.io")


def test_helper_of_another_registry_does_not_matter() -> None:
    """A store for other registries leaves this one anonymous, and an entry with a value is used."""
    assert resolved({"credsStore": "desktop", "credHelpers": {"x.io": "y"}}, "r.io")[0] == "anonymous"
    document = {"credsStore": "desktop", "auths": {"r.io": {"auth": packed("u:p")}}}
    assert resolved(document, "r.io") == ("basic", "u", "p")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b'{"auths": []}',
        b'{"auths": {"r.io": "x"}}',
        b'{"auths": {"r.io": {"auth": "%%%"}}}',
        b'{"auths": {"r.io": {"auth": "bm9jb2xvbg=="}}}',
        b'{"auths": {"r.io": {"username": 1, "password": "p"}}}',
        b'{"auths": {"r.io": {"auth": "/////w=="}}}',
    ],
)
def test_broken_files(data: bytes) -> None:
    """A file that can't be read is refused, not taken for an empty one."""
    with pytest.raises(Refused, match="docker_config_invalid"):
        resolve_docker_credential(data, "r.io")


def test_empty_password_is_an_error() -> None:
    """An entry without a password is an error, not anonymous access."""
    with pytest.raises(Refused, match="credential_env_empty"):
        resolved({"auths": {"r.io": {"auth": packed("u:")}}}, "r.io")
