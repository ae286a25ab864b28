"""Redirects: few, to https, without the credential."""

import pytest

from tests.unit.registry.fakes import (
    Answer,
    refusal_of,
)
from tests.unit.registry.scene import (
    BASE,
    BASIC,
    BLOB,
    BLOB_URL,
    CREDENTIAL,
    DIGEST,
    OK_MANIFEST,
    client_over,
    read,
)


def test_a_blob_may_come_from_another_host_without_the_credential() -> None:
    """The redirect is followed, the entitlement stays at home, and it does not come back from abroad."""
    client, adapter, _ = client_over(
        {
            BLOB_URL: [Answer(307, headers={"Location": "https://cdn.example.net/b?sig=a%2Fb"})],
            "https://cdn.example.net/b?sig=a%2Fb": [Answer(302, headers={"Location": f"{BASE}/elsewhere"})],
            f"{BASE}/elsewhere": [Answer(body=BLOB)],
        },
        credential=CREDENTIAL,
    )
    assert read(client) == BLOB
    assert adapter.sent("Authorization") == [BASIC, None, None]


def test_a_redirect_within_the_registry_keeps_the_credential() -> None:
    """A relative Location is the same origin."""
    client, adapter, _ = client_over(
        {
            BLOB_URL: [Answer(307, headers={"Location": "/v2/other"})],
            "https://registry.example.com/v2/other": [Answer(body=BLOB)],
        },
        credential=CREDENTIAL,
    )
    assert read(client) == BLOB
    assert adapter.sent("Authorization") == [BASIC] * 2


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://cdn.example.net/x", "insecure_redirect"),
        ("http://unresolvable.example/x", "insecure_redirect"),
        ("http://169.254.169.254/x", "internal_network_address"),
        ("file:///etc/passwd", "bad_redirect"),
        ("gopher://127.0.0.1:6379/_X", "bad_redirect"),
        ("https://cdn.example.net\\@169.254.169.254/x", "bad_redirect"),
        ("https://user:password@cdn.example.net/x", "bad_redirect"),
        ("https://cdn.example.net:0/x", "bad_redirect"),
        ("https://cdn.example.net/\u00e9", "bad_redirect"),
        ("https://cdn example.net/", "bad_redirect"),
        ("https:///x", "bad_redirect"),
        ("", "bad_redirect"),
    ],
)
def test_a_redirect_to_anything_else_is_refused(location: str, code: str) -> None:
    """Only https, read in one way, is followed."""
    client, adapter, _ = client_over({BLOB_URL: [Answer(307, headers={"Location": location})]})
    assert refusal_of(lambda: read(client)) == code
    assert len(adapter.requests) == 1


def test_hops_are_counted() -> None:
    """Five for a blob, two for a manifest."""
    loop = [Answer(307, headers={"Location": BLOB_URL})]
    client, adapter, _ = client_over({BLOB_URL: loop, f"{BASE}/manifests/1": [Answer(307, headers={"Location": "1"})]})
    assert refusal_of(lambda: read(client)) == "too_many_redirects"
    assert len(adapter.requests) == 6
    adapter.requests.clear()
    assert refusal_of(lambda: client.resolve("1")) == "too_many_redirects"
    assert len(adapter.requests) == 3


def test_a_tags_manifest_comes_from_the_registry_alone() -> None:
    """Only a digest lets another origin send a manifest."""
    away = Answer(307, headers={"Location": "https://mirror.example.net/m"})
    answers = {
        f"{BASE}/manifests/1": [away],
        f"{BASE}/manifests/{DIGEST}": [away],
        "https://mirror.example.net/m": [OK_MANIFEST],
    }
    client, _, _ = client_over(answers)
    assert refusal_of(lambda: client.resolve("1")) == "bad_redirect"
    assert client.resolve(DIGEST).digest == DIGEST
