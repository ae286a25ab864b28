"""URLs are read in one way or not at all."""

import pytest

from shared.egress import Origin, parse_authority, parse_origin
from shared.errors import Refused


@pytest.mark.parametrize(
    ("url", "origin", "text"),
    [
        ("https://ghcr.io/v2/", ("https", "ghcr.io", 443), "https://ghcr.io"),
        ("https://GHCR.io.:443?x=1", ("https", "ghcr.io", 443), "https://ghcr.io"),
        ("HTTP://localhost:5000", ("http", "localhost", 5000), "http://localhost:5000"),
        ("http://a.example", ("http", "a.example", 80), "http://a.example"),
        ("https://[2001:DB8::1]:8443/x#y", ("https", "2001:db8::1", 8443), "https://[2001:db8::1]:8443"),
        ("https://1.2.3.4/@x", ("https", "1.2.3.4", 443), "https://1.2.3.4"),
    ],
)
def test_origin_of_a_url(url: str, origin: tuple[str, str, int], text: str) -> None:
    """Scheme, canonical host and port come out, and are written in one form."""
    assert parse_origin(url) == origin
    assert str(parse_origin(url)) == text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ghcr.io",
        "//ghcr.io/",
        "ftp://ghcr.io/",
        "https:/ghcr.io",
        "https://",
        "https://user@ghcr.io/",
        "https://user:password@ghcr.io/",
        "https://ghcr.io:0/",
        "https://ghcr.io:00443/",
        "https://ghcr.io:65536/",
        "https://ghcr.io:/",
        "https://1.2.3.4\\@127.0.0.1/",
        "https://ghcr.io#@127.0.0.1\x00",
        "https://ghcr.io/a b",
        "https://ghcr.io/\n",
        "\thttps://ghcr.io/",
        "https://ghcr.io/\n\nx",
        "https://127.1/",
        "https://0x7f.1/",
        "https://[::1%25eth0]/",
        "https://[v1.foo]/",
        "https://g\N{LATIN SMALL LETTER H WITH STROKE}cr.io/",
        "https://ghcr.io/" + "a" * 9000,
        "https://%67hcr.io/",
    ],
)
def test_urls_that_are_not_followed(url: str) -> None:
    """What parsers disagree about is refused, and the message does not repeat it."""
    with pytest.raises(Refused, match="invalid_url") as caught:
        parse_origin(url)
    assert url == "" or url not in str(caught.value)


def test_authority_of_a_registry() -> None:
    """A registry as commands have it becomes an origin; anything beside host and port is refused."""
    assert parse_authority("localhost:5000", "http") == Origin("http", "localhost", 5000)
    assert parse_authority("ghcr.io") == Origin("https", "ghcr.io", 443)
    for text in ("ghcr.io/x", "ghcr.io?x", "ghcr.io#x", "u@ghcr.io", ""):
        with pytest.raises(Refused, match="invalid_url"):
            parse_authority(text)
